using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>
/// Moves the mean and standard deviation of every frame, per channel of CIE Lab (D65, 2 degrees), to those of a reference picture
/// (Reinhard et al. 2001), and blends the result with the frame. Constants are those of scikit-image's <c>rgb2lab</c>.
/// </summary>
public sealed class ColourMatch : IDisposable
{
    private static readonly double[] ToXyz = [0.412453, 0.357580, 0.180423, 0.212671, 0.715160, 0.072169, 0.019334, 0.119193, 0.950227];
    private static readonly double[] White = [0.95047, 1, 1.08883];
    private readonly Tensor mean; // [3, 1, 1, 1]
    private readonly Tensor deviation;
    private readonly double strength;

    /// <param name="reference">[3, 1, H, W] in [-1, 1].</param>
    /// <param name="strength">0 (leave as it is) to 1.</param>
    public ColourMatch(Tensor reference, double strength)
    {
        using var scope = NewDisposeScope();
        this.strength = strength;
        (mean, deviation) = Statistics(ToLab(Unit(reference)));
        mean.DetachFromDisposeScope();
        deviation.DetachFromDisposeScope();
    }

    /// <param name="video">[3, F, H, W] in [-1, 1], float32.</param>
    public Tensor Apply(Tensor video)
    {
        if (strength == 0 || video.shape[1] == 0) return video.alias();
        using var scope = NewDisposeScope();
        var rgb = Unit(video);
        var (mean, deviation) = (this.mean.to(video.device), this.deviation.to(video.device));
        var lab = ToLab(rgb);
        var (frameMean, frameDeviation) = Statistics(lab);
        var moved = where(frameDeviation == 0, mean, (lab - frameMean) * (deviation / frameDeviation) + mean);
        return ((rgb * (1 - strength) + ToRgb(moved) * strength) * 2 - 1).to(video.dtype).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        mean.Dispose();
        deviation.Dispose();
    }

    private static Tensor Unit(Tensor video) => ((video.to(ScalarType.Float64) + 1) / 2).clamp(0, 1);

    private static (Tensor Mean, Tensor Deviation) Statistics(Tensor lab) =>
        (lab.mean([2, 3], keepdim: true), lab.std([2, 3], unbiased: false, keepdim: true));

    private static Tensor ToLab(Tensor rgb)
    {
        var linear = where(rgb > 0.04045, ((rgb + 0.055) / 1.055).pow(2.4), rgb / 12.92);
        var xyz = Mix(tensor(ToXyz).view(3, 3).to(rgb.device), linear) / tensor(White).view(3, 1, 1, 1).to(rgb.device);
        var f = where(xyz > 0.008856, xyz.pow(1.0 / 3), xyz * 7.787 + 16.0 / 116);
        return stack([f[1] * 116 - 16, (f[0] - f[1]) * 500, (f[1] - f[2]) * 200], 0);
    }

    private static Tensor ToRgb(Tensor lab)
    {
        var y = (lab[0] + 16) / 116;
        var f = stack([lab[1] / 500 + y, y, (y - lab[2] / 200).clamp_min(0)], 0);
        var xyz = where(f > 0.2068966, f.pow(3), (f - 16.0 / 116) / 7.787) * tensor(White).view(3, 1, 1, 1).to(lab.device);
        var linear = Mix(tensor(ToXyz).view(3, 3).to(ScalarType.Float64).inverse().to(lab.device), xyz);
        return where(linear > 0.0031308, linear.clamp_min(0.0031308).pow(1 / 2.4) * 1.055 - 0.055, linear * 12.92).clamp(0, 1);
    }

    private static Tensor Mix(Tensor matrix, Tensor channels) => matrix.matmul(channels.flatten(1)).view(channels.shape);
}
