using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
using Locutor.Media.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Compositing;

/// <summary>Composes the frames of a video into its portrait, for bundles that generate frames smaller than the portrait.</summary>
public sealed class ComposedVideo : IDisposable
{
    private const float Least = 1f / 64; // a share below this needs no upsampler

    private readonly FaceCompositor compositor;
    private readonly PartUpsampler? upsampler;
    private readonly byte[] target, composed;

    /// <summary>Creates the composition for a portrait.</summary>
    /// <param name="target">The portrait at the video's size.</param>
    /// <param name="reference">The portrait after the autoencoder, at the generated size.</param>
    /// <param name="options">Thresholds of the composition.</param>
    /// <param name="upsampler">Upsamples moving parts, and is disposed with this object; null interpolates the generated frames.</param>
    public ComposedVideo(Picture target, Picture reference, CompositionOptions options, PartUpsampler? upsampler = null)
    {
        compositor = new FaceCompositor((reference.Height, reference.Width), (target.Height, target.Width), options);
        (this.target, Reference, this.upsampler, composed) = (target.Rgb, reference, upsampler, new byte[compositor.FrameBytes]);
    }

    /// <summary>The portrait after the autoencoder, at the generated size.</summary>
    public Picture Reference { get; }

    /// <summary>Creates the composition into a portrait with the networks that generate the video.</summary>
    /// <param name="networks">The networks.</param>
    /// <param name="target">The portrait at the video's size.</param>
    /// <param name="picture">The portrait at the generated size.</param>
    /// <param name="options">Thresholds of the composition.</param>
    public static ComposedVideo Create(NetworkSet networks, Picture target, Picture picture, CompositionOptions options)
    {
        using var drawn = networks.DrawStill(picture).select(1, -1);
        var reference = Pixels.ToPicture(drawn);
        return new ComposedVideo(
            target, reference, options,
            networks.Upsampler is { } upsampler ? new PartUpsampler(upsampler, networks.Device, target, reference) : null);
    }

    /// <summary>Composes the frames of a clip into the portrait.</summary>
    /// <param name="clip">Frames of a clip, rows of R, G, B at the generated size.</param>
    /// <returns>The frames at the target's size; each one is in a buffer that the next one overwrites.</returns>
    public IEnumerable<byte[]> Compose(IReadOnlyList<byte[]> clip)
    {
        var parts = Parts(clip);
        for (int f = 0; f < clip.Count; f++)
        {
            compositor.Compose(target, clip[f], Reference.Rgb, composed, [.. parts.Select(part => part[f])]);
            yield return composed;
        }
    }

    public void Dispose() => upsampler?.Dispose();

    /// <summary>Returns every moving part, upsampled in all frames.</summary>
    private List<IReadOnlyList<DrawnPart>> Parts(IReadOnlyList<byte[]> clip)
    {
        if (upsampler is null) return [];
        float[] moved = new float[Reference.Height * Reference.Width];
        foreach (byte[] frame in clip) compositor.Mark(frame, Reference.Rgb, moved);
        return [
            .. MovingParts.Find(moved, Reference.Height, Reference.Width, Least).Select(box => upsampler.Draw(clip, Reference.Width, box))
        ];
    }
}
