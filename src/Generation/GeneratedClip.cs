using Locutor.Generation.Conditioning;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>The new frames of one clip, and what the next one starts from.</summary>
/// <param name="Clip">Which one.</param>
/// <param name="Video">[3, kept frames, H, W] in [-1, 1], float32 on the CPU.</param>
/// <param name="Motion">The last frames, [3, motion frames, H, W]; with them and <paramref name="Clip"/> a run can be taken up again.</param>
public sealed record GeneratedClip(Clip Clip, Tensor Video, Tensor Motion) : IDisposable
{
    /// <summary>8-bit RGB rows of every frame.</summary>
    public IEnumerable<byte[]> Frames()
    {
        for (long frame = 0; frame < Video.shape[1]; frame++) yield return Bytes(frame);
    }

    public void Dispose()
    {
        Video.Dispose();
        Motion.Dispose();
    }

    private byte[] Bytes(long frame)
    {
        using var scope = NewDisposeScope();
        var pixels = ((Video.select(1, frame) + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte);
        return pixels.permute(1, 2, 0).contiguous().data<byte>().ToArray();
    }
}
