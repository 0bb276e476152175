using static TorchSharp.torch;

namespace Locutor.Generation.Correction;

/// <summary>
/// Converts sRGB to CIE Lab (D65, 2 degrees) and back. Reference implementations differ in the digits of their matrices and in the
/// treatment of colours outside sRGB; untrained networks produce such colours often, trained ones rarely.
/// </summary>
public sealed class LabSpace
{
    private static readonly double[] White = [0.95047, 1, 1.08883];
    private readonly double[] toXyz;
    private readonly double[]? fromXyz;
    private readonly bool bounded;

    /// <summary>Creates a conversion from its matrices.</summary>
    /// <param name="toXyz">Rows of the matrix from linear RGB to XYZ.</param>
    /// <param name="fromXyz">Rows of the matrix back; null for the inverse.</param>
    /// <param name="bounded">True to clamp XYZ to the white point in the conversion to Lab; false to clamp negative Z in the conversion
    /// back.</param>
    private LabSpace(double[] toXyz, double[]? fromXyz, bool bounded) =>
        (this.toXyz, this.fromXyz, this.bounded) = (toXyz, fromXyz, bounded);

    /// <summary>The conversion of scikit-image (<c>rgb2lab</c>, <c>lab2rgb</c>), which InfiniteTalk uses.</summary>
    public static LabSpace ScikitImage { get; } = new(
        [0.412453, 0.357580, 0.180423, 0.212671, 0.715160, 0.072169, 0.019334, 0.119193, 0.950227], null, bounded: false);

    /// <summary>
    /// The conversion of FlashTalk. Reference: Soul-AILab/SoulX-FlashTalk, flash_talk/infinite_talk/utils/multitalk_utils.py, lines
    /// 465 and 512, at commit 688982e.
    /// </summary>
    public static LabSpace FlashTalk { get; } = new(
        [0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522, 0.0721750, 0.0193339, 0.1191920, 0.9503041],
        [3.2404542, -1.5371385, -0.4985314, -0.9692660, 1.8760108, 0.0415560, 0.0556434, -0.2040259, 1.0572252],
        bounded: true);

    /// <summary>Converts sRGB to Lab.</summary>
    /// <param name="rgb">[3, F, H, W] in [0, 1], float64.</param>
    /// <returns>L, a and b, [3, F, H, W].</returns>
    public Tensor FromRgb(Tensor rgb)
    {
        using var scope = NewDisposeScope();
        var linear = where(rgb > 0.04045, ((rgb + 0.055) / 1.055).pow(2.4), rgb / 12.92);
        var xyz = Mix(tensor(toXyz).view(3, 3), linear) / tensor(White).view(3, 1, 1, 1).to(rgb.device);
        if (bounded) xyz = xyz.clamp(1e-8, 1);
        var f = where(xyz > 0.008856, xyz.pow(1.0 / 3), xyz * 7.787 + 16.0 / 116);
        return stack([f[1] * 116 - 16, (f[0] - f[1]) * 500, (f[1] - f[2]) * 200], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Converts Lab to sRGB; values outside the gamut are clamped.</summary>
    /// <param name="lab">[3, F, H, W], float64.</param>
    /// <returns>[3, F, H, W] in [0, 1].</returns>
    public Tensor ToRgb(Tensor lab)
    {
        using var scope = NewDisposeScope();
        var y = (lab[0] + 16) / 116;
        var z = y - lab[2] / 200;
        var f = stack([lab[1] / 500 + y, y, bounded ? z : z.clamp_min(0)], 0);
        var xyz = where(f > 0.2068966, f.pow(3), (f - 16.0 / 116) / 7.787) * tensor(White).view(3, 1, 1, 1).to(lab.device);
        var back = fromXyz is null ? tensor(toXyz).view(3, 3).inverse() : tensor(fromXyz).view(3, 3);
        var linear = Mix(back, xyz);
        return where(linear > 0.0031308, linear.clamp_min(0.0031308).pow(1 / 2.4) * 1.055 - 0.055, linear * 12.92).clamp(0, 1)
            .MoveToOuterDisposeScope();
    }

    private static Tensor Mix(Tensor matrix, Tensor channels) =>
        matrix.to(channels.device).matmul(channels.flatten(1)).view(channels.shape);
}
