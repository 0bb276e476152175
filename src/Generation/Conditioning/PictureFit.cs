using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>Checks whether a picture is of the kind that a bundle was trained on.</summary>
public static class PictureFit
{
    /// <summary>
    /// Returns the bundle's notice if it applies to this picture, otherwise null. If the result is not finite, it shows nothing about the
    /// picture and there is no notice.
    /// </summary>
    public static string? Notice(NetworkSet networks, Picture picture)
    {
        var bundle = networks.Bundle;
        return bundle.NoticeBelow is { } limit && !(Decibels(networks, picture) < limit) ? null : bundle.Notice;
    }

    /// <summary>
    /// Computes the peak signal-to-noise ratio of the picture after the autoencoder, in decibels. It is low for pictures that differ from
    /// the training data.
    /// </summary>
    public static double Decibels(NetworkSet networks, Picture picture) => Decibels(networks.DrawStill(picture), picture);

    /// <summary>Computes the ratio from the frames that the autoencoder draws.</summary>
    internal static double Decibels(Tensor frames, Picture picture)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var pixels = Pixels.FromPicture(picture).to(frames.device); // [3, 1, H, W]
        var drawn = frames.narrow(1, 0, 1).clamp(-1, 1);
        return 10 * Math.Log10(4 / Math.Max(1e-10, (drawn - pixels).square().mean().item<float>()));
    }
}
