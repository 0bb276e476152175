using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// Cuts windows of speech embeddings around each frame of a clip. Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py, lines 523 and 824,
/// at commit 0107cd9.
/// </summary>
public static class AudioWindows
{
    /// <summary>Returns the windows of a clip.</summary>
    /// <param name="track">The track of one voice.</param>
    /// <param name="start">First video frame of the clip.</param>
    /// <param name="frames">Number of frames in the clip.</param>
    /// <param name="window">Number of embeddings per frame; odd.</param>
    /// <returns>[frames, window, blocks, channels]. Before its start, the track is padded with its first frame; after its end, it is
    /// mirrored.</returns>
    public static Tensor Create(SpeechTrack track, int start, int frames, int window)
    {
        using var scope = NewDisposeScope();
        long[] indices = [.. from frame in Enumerable.Range(start, frames)
                             from offset in Enumerable.Range(-(window / 2), window)
                             select Inside(frame + offset, track.Frames)];
        long first = indices.Min();
        var read = track.Read(first, (int)(indices.Max() - first + 1));
        var picked = read.index_select(0, tensor(Array.ConvertAll(indices, index => index - first)));
        return picked.unflatten(0, [frames, window]).MoveToOuterDisposeScope();
    }

    private static long Inside(long index, long count)
    {
        if (index < 0) return 0;
        long position = index % (2 * count);
        return position < count ? position : 2 * count - 1 - position;
    }
}
