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

    /// <summary>The frames as 8-bit R, G, B on the CPU, [kept frames, H, W, 3], if they have been converted already.</summary>
    internal Tensor? Bytes { get; init; }

    /// <summary>Returns every frame as rows of 8-bit R, G, B.</summary>
    public IEnumerable<byte[]> Frames()
    {
        for (long frame = 0; frame < Video.shape[1]; frame += AtOnce)
            foreach (byte[] rows in Rows(frame, Math.Min(AtOnce, Video.shape[1] - frame))) yield return rows;
    }

    public void Dispose()
    {
        Video.Dispose();
        Motion.Dispose();
        Bytes?.Dispose();
    }

    /// <summary>Converts frames to 8-bit R, G, B on the CPU.</summary>
    /// <param name="video">[3, frames, H, W] in [-1, 1].</param>
    /// <returns>[frames, H, W, 3].</returns>
    internal static Tensor ToBytes(Tensor video)
    {
        using var scope = NewDisposeScope();
        var bytes = empty([video.shape[1], video.shape[2], video.shape[3], 3], ScalarType.Byte);
        for (long frame = 0; frame < video.shape[1]; frame += AtOnce)
        {
            using var inner = NewDisposeScope();
            long count = Math.Min(AtOnce, video.shape[1] - frame);
            var part = ((video.narrow(1, frame, count) + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte).permute(1, 2, 3, 0)
                .contiguous();
            bytes.narrow(0, frame, count).copy_(part);
        }

        return bytes.MoveToOuterDisposeScope();
    }

    private byte[][] Rows(long first, long count)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var pixels = Bytes?.narrow(0, first, count) ?? ToBytes(Video.narrow(1, first, count));
        byte[][] rows = new byte[count][];
        for (int frame = 0; frame < rows.Length; frame++) rows[frame] = pixels.select(0, frame).bytes.ToArray();
        return rows;
    }
}
