using Locutor.Media.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>Composes the frames of a video into its portrait, for bundles that generate frames smaller than the portrait.</summary>
/// <param name="portrait">The portrait at the video's size.</param>
/// <param name="faces">The faces that move; disposed with this object.</param>
/// <param name="firstFrame">The number of the first frame: above 0 in a later part of a video, in which the heads continue to move.</param>
/// <param name="threads">The number of frames that are composed at the same time; 0 for half of the processors, at most 4. The others
/// run the networks meanwhile.</param>
public sealed class ComposedVideo(Picture portrait, IReadOnlyList<ComposedFace> faces, int firstFrame = 0, int threads = 0) : IDisposable
{
    private readonly byte[][] composed = [.. Enumerable
        .Range(0, threads > 0 ? threads : Math.Clamp(Environment.ProcessorCount / 2, 1, 4))
        .Select(_ => new byte[portrait.Rgb.Length])];
    private int next = firstFrame;

    /// <summary>The places of the faces after the autoencoder, at the generated size.</summary>
    public IReadOnlyList<Picture> References => [.. faces.Select(face => face.Reference)];

    /// <summary>Composes the frames of a clip into the portrait. Clips are passed in order.</summary>
    /// <param name="clips">For each face, the frames of the clip, rows of R, G, B at the generated size.</param>
    /// <returns>The frames at the portrait's size. Each one is valid until the next one is requested.</returns>
    public IEnumerable<byte[]> Compose(params IReadOnlyList<byte[]>[] clips)
    {
        int first = next; // Clips count even if their frames are not enumerated.
        next += clips[0].Count;
        return Draw(first, clips);
    }

    public void Dispose()
    {
        foreach (var face in faces) face.Dispose();
    }

    private IEnumerable<byte[]> Draw(int first, IReadOnlyList<byte[]>[] clips)
    {
        for (int i = 0; i < faces.Count; i++) faces[i].Begin(clips[i], first, composed.Length);
        int count = clips[0].Count;
        for (int start = 0; start < count; start += composed.Length)
        {
            int from = start, some = Math.Min(composed.Length, count - start);
            Parallel.For(0, some, thread => DrawFrame(from + thread, thread));
            for (int thread = 0; thread < some; thread++) yield return composed[thread];
        }
    }

    private void DrawFrame(int index, int thread)
    {
        portrait.Rgb.CopyTo(composed[thread], 0);
        foreach (var face in faces) face.Draw(index, thread, composed[thread]);
    }
}
