using static TorchSharp.torch;

namespace Locutor.Generation.Correction;

/// <summary>
/// Reduces drift in long videos and jumps between clips, for bundles that request it; the reference has no such step. Small changes by the
/// autoencoder would otherwise be fed back to it with every clip.
/// </summary>
internal static class Continuity
{
    private const double MovedLevels = 12; // of 255: a pixel that changes so much since the join shows something else

    /// <summary>
    /// Suppresses small differences between motion frames and the picture: up to the tolerance they are removed, from twice the tolerance
    /// they are kept, and in between they are scaled linearly.
    /// </summary>
    /// <param name="motion">[3, frames, H, W] in [-1, 1].</param>
    /// <param name="picture">[3, 1, H, W] in [-1, 1].</param>
    /// <param name="tolerance">Tolerance in levels of 255; 0 keeps all differences.</param>
    public static Tensor Settle(Tensor motion, Tensor picture, double tolerance)
    {
        using var scope = NewDisposeScope();
        if (tolerance == 0) return motion.alias().MoveToOuterDisposeScope();
        var difference = motion - picture;
        return (picture + difference * (difference.abs() / (2 * tolerance / 255) - 1).clamp(0, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Removes the jump at the start of a clip. The difference between the last frame of the preceding clip and its repetition in this clip
    /// is added to the following frames with a decreasing weight, and not where the clip itself moves: added there, it would be a ghost of
    /// the last frame.
    /// </summary>
    /// <param name="video">[3, frames, H, W]; the first frames repeat the motion frames.</param>
    /// <param name="motion">[3, motion frames, H, W], the motion frames as the preceding clip shows them.</param>
    /// <param name="frames">Number of frames over which the jump is spread.</param>
    public static Tensor Join(Tensor video, Tensor motion, int frames)
    {
        using var scope = NewDisposeScope();
        long known = motion.shape[1], spread = Math.Min(frames, video.shape[1] - known);
        if (spread <= 0) return video.alias().MoveToOuterDisposeScope();
        var last = video.narrow(1, known - 1, 1);
        var following = video.narrow(1, known, spread);
        var step = motion.narrow(1, known - 1, 1).to(video.device) - last;
        var share = 1 - arange(1, spread + 1, ScalarType.Float32, video.device).view(1, -1, 1, 1) / (frames + 1);
        var moved = (following - last).abs().amax([0], keepdim: true);
        var joined = (following + step * share * (1 - moved * (127.5 / MovedLevels)).clamp(0, 1)).clamp(-1, 1);
        return cat([video.narrow(1, 0, known), joined, video.narrow(1, known + spread, video.shape[1] - known - spread)], 1)
            .MoveToOuterDisposeScope();
    }
}
