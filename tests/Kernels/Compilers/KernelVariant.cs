using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;

namespace Locutor.Kernels.Tests.Compilers;

/// <summary>One kernel with one set of constants.</summary>
/// <param name="Hopper">Whether it uses <c>hopper.cuh</c>, so that it compiles for sm_90a alone.</param>
internal sealed record KernelVariant(string File, string Constants, bool Hopper = false)
{
    public string Source => KernelSources.Read(File, Constants, Hopper);

    public static IEnumerable<KernelVariant> For(string architecture) => All.Where(variant => !variant.Hopper || architecture == "sm_90a");

    /// <summary>
    /// Variants of all kernels, so that each conditional part of the sources is compiled at least once, for both 16-bit types.
    /// </summary>
    public static IEnumerable<KernelVariant> All =>
        from float16 in (int[])[0, 1]
        from variant in WithOneType()
        select variant with
        {
            Constants = $"#define FLOAT16 {float16}\n{variant.Constants}"
        };

    private static IEnumerable<KernelVariant> WithOneType()
    {
        RowShape wide = RowShape.ForBlock(5120, true, 4), odd = RowShape.ForBlock(75, false, 4), pixel = RowShape.ForWarp(96, true);
        foreach (var format in Enum.GetValues<LinearPrecision>())
        {
            var shape = format == LinearPrecision.Int8 ? odd : wide;
            yield return new("NormModulate.cu", shape.Constants(format, ("RESIDUAL", (int)format)));
            yield return new("Gelu.cu", shape.Constants(format));
            yield return new("QuantiseRows.cu", odd.Constants(format, ("SUMMED", (int)format % 2)));
            yield return new("JoinedAttention.cu", wide.Constants(format, ("HEAD", 128)));
        }
        foreach (int turned in (int[])[0, 1])
            yield return new("RmsRotary.cu", wide.Constants(LinearPrecision.Plain, ("HEAD", 128), ("TURNED", turned)));
        foreach (int taps in (int[])[1, 3]) yield return new("ChannelNormSilu.cu", pixel.Constants(LinearPrecision.Plain, ("TAPS", taps)));
        yield return new("FoldedAttention.cu", "#define KEYS 32\n#define HEADS 40\n");
        yield return new("GatedResidual.cu", "");
        yield return new("ScaleProducts.cu", "");
        foreach (int keyed in (int[])[0, 1]) yield return new("QuantiseHeads.cu", $"#define KEYED {keyed}\n");
        foreach (var (frames, side, few, doubling) in ((int, int, int, int)[])[(3, 3, 0, 0), (3, 3, 1, 0), (1, 2, 0, 1), (3, 1, 0, 2)])
        {
            yield return new(
                "FrameConvolution.cu",
                FormattableString.Invariant($"#define FRAMES {frames}\n#define KERNEL_Y {side}\n#define KERNEL_X {side}\n") +
                FormattableString.Invariant($"#define FEW {few}\n#define DOUBLING {doubling}\n"), Hopper: true);
        }
        foreach (string tiles in (string[])["", "#define RECORDS 1\n", "#define LISTED 1\n"])
            yield return new("EightBitAttention.cu", tiles, Hopper: true);
    }

    public override string ToString() =>
        $"{File} with {Constants.Replace("#define ", "", StringComparison.Ordinal).ReplaceLineEndings(", ")}";
}
