using static TorchSharp.torch;

namespace Locutor.Generation.Clips;

/// <summary>The new frames of one clip, and the motion frames for the next one.</summary>
/// <param name="Clip">The window of the clip.</param>
/// <param name="Video">[3, kept frames, H, W] in [-1, 1], float32, on the device that computed it.</param>
/// <param name="Motion">The last frames, [3, motion frames, H, W]; a run can be resumed from them and <paramref name="Clip"/>.</param>
public sealed record GeneratedClip(Clip Clip, Tensor Video, Tensor Motion) : IDisposable
{
    /// <summary>Number of frames that are copied from the device together.</summary>
    private const long AtOnce = 8;

    /// <summary>Returns every frame as rows of 8-bit R, G, B.</summary>
    public IEnumerable<byte[]> Frames()
    {
        for (long frame = 0; frame < Video.shape[1]; frame += AtOnce)
            foreach (byte[] rows in Bytes(frame, Math.Min(AtOnce, Video.shape[1] - frame))) yield return rows;
    }

    public void Dispose()
    {
        Video.Dispose();
        Motion.Dispose();
    }

    private byte[][] Bytes(long first, long count)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var pixels = ((Video.narrow(1, first, count) + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte).permute(1, 2, 3, 0)
            .contiguous().cpu();
        return [.. Enumerable.Range(0, (int)count).Select(frame => pixels.select(0, frame).data<byte>().ToArray())];
    }
}
