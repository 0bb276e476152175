using static TorchSharp.torch;

namespace Locutor.Generation.Correction;

/// <summary>
/// Matches colours: moves the mean and standard deviation of every frame, per channel of CIE Lab (D65, 2 degrees), to those of a reference
/// picture (Reinhard et al. 2001), and blends the result with the frame.
/// Reference: MeiGen-AI/InfiniteTalk, wan/utils/multitalk_utils.py, line 361, at commit 0107cd9.
/// </summary>
public sealed class ColourMatch : IDisposable
{
    private readonly Tensor mean; // [3, 1, 1, 1]
    private readonly Tensor deviation;
    private readonly double strength;
    private readonly LabSpace space;

    /// <summary>Measures the reference picture.</summary>
    /// <param name="reference">[3, 1, H, W] in [-1, 1].</param>
    /// <param name="strength">Weight of the result, 0 (no change) to 1.</param>
    /// <param name="space">The conversion to Lab; null for <see cref="LabSpace.ScikitImage"/>.</param>
    public ColourMatch(Tensor reference, double strength, LabSpace? space = null)
    {
        using var scope = NewDisposeScope();
        this.strength = strength;
        this.space = space ?? LabSpace.ScikitImage;
        (mean, deviation) = Statistics(this.space.FromRgb(Unit(reference)));
        mean.DetachFromDisposeScope();
        deviation.DetachFromDisposeScope();
    }

    /// <summary>Returns the colour corrected frames, [3, F, H, W] in [-1, 1].</summary>
    /// <param name="video">[3, F, H, W] in [-1, 1], float32.</param>
    public Tensor Apply(Tensor video)
    {
        if (strength == 0 || video.shape[1] == 0) return video.alias();
        using var scope = NewDisposeScope();
        var rgb = Unit(video);
        var (mean, deviation) = (this.mean.to(video.device), this.deviation.to(video.device));
        var lab = space.FromRgb(rgb);
        var (frameMean, frameDeviation) = Statistics(lab);
        var moved = where(frameDeviation == 0, mean, (lab - frameMean) * (deviation / frameDeviation) + mean);
        return ((rgb * (1 - strength) + space.ToRgb(moved) * strength) * 2 - 1).to(video.dtype).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        mean.Dispose();
        deviation.Dispose();
    }

    private static Tensor Unit(Tensor video) => ((video.to(ScalarType.Float64) + 1) / 2).clamp(0, 1);

    private static (Tensor Mean, Tensor Deviation) Statistics(Tensor lab) =>
        (lab.mean([2, 3], keepdim: true), lab.std([2, 3], unbiased: false, keepdim: true));
}
