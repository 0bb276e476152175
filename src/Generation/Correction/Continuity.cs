using static TorchSharp.torch;

namespace Locutor.Generation.Correction;

/// <summary>
/// Keeps long videos from drifting and their clips from jumping, for bundles that ask for it; the reference has no such step. Without
/// it, what the autoencoder changes a little is fed back to it clip after clip.
/// </summary>
internal static class Continuity
{
    /// <summary>
    /// Motion frames without what differs too little from the picture to have moved: up to the tolerance they are the picture, from twice
    /// the tolerance on they stay as they are, and between both one goes over into the other.
    /// </summary>
    /// <param name="motion">[3, frames, H, W] in [-1, 1].</param>
    /// <param name="picture">[3, 1, H, W] in [-1, 1].</param>
    /// <param name="tolerance">Of 255 levels.</param>
    public static Tensor Settle(Tensor motion, Tensor picture, double tolerance)
    {
        using var scope = NewDisposeScope();
        if (tolerance == 0) return motion.alias().MoveToOuterDisposeScope();
        var difference = motion - picture;
        return (picture + difference * (difference.abs() / (2 * tolerance / 255) - 1).clamp(0, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>Takes the step between the frame that ended the clip before and the same frame in this one away, less and less in the frames after it.</summary>
    /// <param name="video">[3, frames, H, W], of which the first are the motion frames again.</param>
    /// <param name="motion">[3, motion frames, H, W] as they were shown.</param>
    /// <param name="frames">Over which the step is spread.</param>
    public static Tensor Join(Tensor video, Tensor motion, int frames)
    {
        using var scope = NewDisposeScope();
        long known = motion.shape[1], spread = Math.Min(frames, video.shape[1] - known);
        if (spread <= 0) return video.alias().MoveToOuterDisposeScope();
        var step = motion.narrow(1, known - 1, 1).to(video.device) - video.narrow(1, known - 1, 1);
        var share = 1 - arange(1, spread + 1, ScalarType.Float32, video.device).view(1, -1, 1, 1) / (frames + 1);
        var joined = (video.narrow(1, known, spread) + step * share).clamp(-1, 1);
        return cat([video.narrow(1, 0, known), joined, video.narrow(1, known + spread, video.shape[1] - known - spread)], 1).MoveToOuterDisposeScope();
    }
}
