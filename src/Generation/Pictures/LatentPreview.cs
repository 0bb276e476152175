using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Pictures;

/// <summary>
/// Draws a small picture of a latent frame, one pixel for each latent position, with a linear map from channels to colours. The map is
/// fitted to the portrait of the video: its latent and its pixels are both known before the first step, for every autoencoder.
/// </summary>
internal sealed class LatentPreview : IDisposable
{
    /// <summary>Regularisation of the least squares, per position. Channels of a latent have a variance of about 1.</summary>
    private const double Ridge = 1e-3;

    private readonly Tensor map; // [channels + 1, 3], float64, on the CPU

    private LatentPreview(Tensor map) => this.map = map;

    /// <summary>Fits the map by least squares.</summary>
    /// <param name="latent">Latent of a video that shows the picture, [1, channels, frames, h, w].</param>
    /// <param name="picture">The picture, [3, 1, H, W] in [-1, 1].</param>
    /// <param name="shown">Latent frame that shows the picture. A causal autoencoder encodes the first latent frame, which represents a
    /// single frame of the video, in other colours than later ones, so a later one is better if it shows the picture too.</param>
    public static LatentPreview Fit(Tensor latent, Tensor picture, long shown)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var frame = latent.select(0, 0).select(1, shown); // [channels, h, w]
        var channels = Rows(frame);
        var colours = nn.functional.adaptive_avg_pool2d(picture.squeeze(1).unsqueeze(0).cpu(), (frame.shape[1], frame.shape[2]));
        var wanted = colours.squeeze(0).to(ScalarType.Float64).flatten(1).t();
        var normal = channels.t().mm(channels) + eye(channels.shape[1], dtype: ScalarType.Float64) * (Ridge * channels.shape[0]);
        return new LatentPreview(linalg.solve(normal, channels.t().mm(wanted)).DetachFromDisposeScope());
    }

    /// <summary>Draws a latent frame.</summary>
    /// <param name="frame">[channels, h, w].</param>
    /// <returns>A picture of w x h pixels.</returns>
    public Picture Draw(Tensor frame)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        return Pixels.ToPicture(Rows(frame).mm(map).t().reshape(3, frame.shape[1], frame.shape[2]));
    }

    public void Dispose() => map.Dispose();

    /// <summary>Returns a row for each position, with a constant 1 after its channels: [h w, channels + 1].</summary>
    private static Tensor Rows(Tensor frame)
    {
        var rows = frame.cpu().to(ScalarType.Float64).flatten(1).t();
        return cat([rows, ones([rows.shape[0], 1], ScalarType.Float64)], 1);
    }
}
