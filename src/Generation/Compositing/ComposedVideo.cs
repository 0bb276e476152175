using Locutor.Media.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>Composes the frames of a video into its portrait, for bundles that generate frames smaller than the portrait.</summary>
/// <param name="portrait">The portrait at the video's size.</param>
/// <param name="faces">The faces that move; disposed with this object.</param>
/// <param name="firstFrame">The number of the first frame: above 0 in a later part of a video, in which the heads continue to move.</param>
public sealed class ComposedVideo(Picture portrait, IReadOnlyList<ComposedFace> faces, int firstFrame = 0) : IDisposable
{
    private readonly byte[] composed = new byte[portrait.Rgb.Length];
    private int next = firstFrame;

    /// <summary>The places of the faces after the autoencoder, at the generated size.</summary>
    public IReadOnlyList<Picture> References => [.. faces.Select(face => face.Reference)];

    /// <summary>Composes the frames of a clip into the portrait. Clips are passed in order.</summary>
    /// <param name="clips">For each face, the frames of the clip, rows of R, G, B at the generated size.</param>
    /// <returns>The frames at the portrait's size; each one is in a buffer that the next one overwrites.</returns>
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
        for (int i = 0; i < faces.Count; i++) faces[i].Begin(clips[i]);
        for (int index = 0; index < clips[0].Count; index++)
        {
            portrait.Rgb.CopyTo(composed, 0);
            foreach (var face in faces) face.Draw(index, first + index, composed);
            yield return composed;
        }
    }
}
