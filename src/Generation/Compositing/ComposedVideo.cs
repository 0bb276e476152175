using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Media.Pictures;
using Locutor.Models;
using static TorchSharp.torch;

namespace Locutor.Generation.Compositing;

/// <summary>Composes the frames of one video into its portrait, for bundles that draw smaller than the portrait is.</summary>
public sealed class ComposedVideo
{
    private const int ReferenceFrames = 5; // the autoencoder draws the first frame of a video less well than later ones

    private readonly FaceCompositor compositor;
    private readonly byte[] target, reference, composed;

    /// <param name="target">The portrait at the video's size.</param>
    /// <param name="reference">The portrait as the network draws it.</param>
    public ComposedVideo(Picture target, Picture reference, CompositionOptions options)
    {
        compositor = new FaceCompositor((reference.Height, reference.Width), (target.Height, target.Width), options);
        (this.target, this.reference, composed) = (target.Rgb, reference.Rgb, new byte[compositor.FrameBytes]);
    }

    /// <summary>Composes into a portrait with the networks that draw the video.</summary>
    /// <param name="picture">The portrait at the network's size.</param>
    public static ComposedVideo Create(NetworkSet networks, Picture target, Picture picture, CompositionOptions options)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var shown = Pixels.FromPicture(picture).unsqueeze(0).expand(-1, -1, ReferenceFrames, -1, -1).to(networks.Device); // [1, 3, frames, H, W]
        var drawn = networks.Autoencoder.Decode(networks.Autoencoder.Encode(shown)).squeeze(0); // [3, frames, H, W]
        return new ComposedVideo(target, Pixels.ToPicture(drawn.select(1, ReferenceFrames - 1)), options);
    }

    /// <param name="drawn">Rows of R, G, B at the network's size.</param>
    /// <returns>Rows of R, G, B at the target's size, in a buffer that the next call overwrites.</returns>
    public byte[] Compose(byte[] drawn)
    {
        compositor.Compose(target, drawn, reference, composed);
        return composed;
    }
}
