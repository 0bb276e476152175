using System.Globalization;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests.Compilers;

/// <summary>
/// Runs the kernels on the CPU: their source for the oldest architecture, in bfloat16 and float16. The source for newer architectures
/// differs in single instructions, which are tested on a GPU (<see cref="OperationTests"/>).
/// </summary>
public sealed unsafe class HostKernelTests : IDisposable
{
    private const int Width = 24, Rows = 6;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-host-kernels");
    private readonly Inputs inputs = new();
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public static TheoryData<ScalarType, LinearPrecision> Formats =>
        new(from type in Types from format in Enum.GetValues<LinearPrecision>() select (type, format));

    public static TheoryData<ScalarType> TypesOfNumbers => [.. Types];

    private static IEnumerable<ScalarType> Types => [ScalarType.BFloat16, ScalarType.Float16];

    public void Dispose()
    {
        scope.Dispose();
        folder.Delete(recursive: true);
    }

    /// <summary>
    /// Converts all 16-bit numbers up to the largest float8 with the kernel's conversion for GPUs without an instruction for it.
    /// </summary>
    [Theory]
    [MemberData(nameof(TypesOfNumbers))]
    public void Every_number_becomes_the_float8_that_libtorch_makes_of_it(ScalarType type)
    {
        var all = tensor(
            [
                .. Enumerable.Range(0, 1 << 16).Select(bits => type == ScalarType.Float16
                    ? (float)BitConverter.UInt16BitsToHalf((ushort)bits)
                    : BitConverter.Int32BitsToSingle(bits << 16))
            ]);
        var kept = all[all.abs() <= 448].to(type); // NaN is not
        long rows = (kept.numel() + Width - 2) / (Width - 1);
        var x = full([rows, Width], 448f, ScalarType.Float32).to(type); // a row's largest is 448, so its scale is 1
        x.narrow(1, 0, Width - 1).copy_(cat([kept, zeros(rows * (Width - 1) - kept.numel(), type)]).view(rows, Width - 1));
        var (bytes, scales) = Quantised(x, LinearPrecision.Float8);
        scales.eq(1).all().item<bool>().ShouldBeTrue();
        var expected = x.to(ScalarType.Float32).to(RowQuantiser.Float8);
        bytes.to(ScalarType.Float32).eq(expected.to(ScalarType.Float32)).all().item<bool>().ShouldBeTrue();
        kept.numel().ShouldBeGreaterThan(30_000);
    }

    [Theory]
    [MemberData(nameof(TypesOfNumbers))]
    public void A_row_with_NaN_has_NaN_as_its_scale(ScalarType type)
    {
        foreach (var precision in new[] { LinearPrecision.Float8, LinearPrecision.Int8 })
        {
            var x = inputs.Singles("cpu", Rows, Width).to(type);
            x[2, 5] = double.NaN;
            var (_, scales) = Quantised(x, precision);
            scales.isnan().data<bool>().ToArray().ShouldBe([false, false, true, false, false, false], $"{precision}");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Norm_and_modulation_after_a_residual_is_its_formula(ScalarType type, LinearPrecision format)
    {
        using var kernel = Kernel("NormModulate.cu", "norm_modulate", type, Shape.Constants(format, ("RESIDUAL", 2)));
        var (x, y) = (inputs.Singles("cpu", Rows, Width).to(type), inputs.Singles("cpu", Rows, Width).to(type));
        var (gate, factor, offset) = (inputs.Singles("cpu", 1, Width), inputs.Singles("cpu", 1, Width), inputs.Singles("cpu", 1, Width));
        var sum = empty_like(x);
        var made = RowsOut.CreateLike(x, format);
        var call = (delegate* unmanaged<nint, long, nint, nint, uint, nint, nint, nint, uint, nint, nint, float, void>)kernel.Function;
        kernel.Run(
            Rows,
            () => call(
                At(x), Width, At(y), At(gate), Rows, At(sum), At(factor), At(offset), Rows, At(made.Values), made.ScalesAddress, 1e-6f));
        var exact = x.to(ScalarType.Float64) + y.to(ScalarType.Float64) * gate;
        sum.ShouldBeNearInNorm(exact, 3e-3, Seed);
        var centred = exact - exact.mean([-1], keepdim: true);
        Check(made, centred / (centred.square().mean([-1], keepdim: true) + 1e-6).sqrt() * factor + offset, format);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Gelu_is_its_formula(ScalarType type, LinearPrecision format)
    {
        using var kernel = Kernel("Gelu.cu", "gelu_quantise", type, Shape.Constants(format));
        var x = inputs.Singles("cpu", Rows, Width).to(type);
        var made = RowsOut.CreateLike(x, format);
        var call = (delegate* unmanaged<nint, long, nint, nint, void>)kernel.Function;
        kernel.Run(Rows, () => call(At(x), Width, At(made.Values), made.ScalesAddress));
        var wide = x.to(ScalarType.Float64);
        Check(made, wide * 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (wide + 0.044715 * wide.pow(3))).tanh()), format);
    }

    [Theory]
    [MemberData(nameof(TypesOfNumbers))]
    public void Rms_norm_and_rotary_turn_is_its_formula(ScalarType type)
    {
        using var kernel = Kernel("RmsRotary.cu", "rms_rotary", type, Shape.Constants(LinearPrecision.Plain, ("HEAD", 8), ("TURNED", 1)));
        var (x, weight, angles) = (
            inputs.Singles("cpu", 1, Rows, Width).to(type), inputs.Singles("cpu", Width).to(type), inputs.Singles("cpu", Rows, 4));
        var turns = polar(ones_like(angles), angles);
        var y = empty_like(x);
        var call = (delegate* unmanaged<nint, long, nint, nint, uint, nint, float, void>)kernel.Function;
        kernel.Run(Rows, () => call(At(x), Width, At(weight), At(turns), Rows, At(y), 1e-6f));
        var exact = RmsRotary.Plain(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), 1e-6, turns.view(1, 1, Rows, 4), 3);
        y.unflatten(2, [3, 8]).transpose(1, 2).ShouldBeNearInNorm(exact, 8e-3, Seed);
    }

    [Theory]
    [MemberData(nameof(TypesOfNumbers))]
    public void Sums_of_byte_products_are_scaled(ScalarType type)
    {
        using var kernel = Kernel("ScaleProducts.cu", "scale_products", type, "");
        var sums = (inputs.Singles("cpu", Rows, Width) * 1000).to(ScalarType.Int32);
        var (rows, columns, bias) = (
            inputs.Singles("cpu", Rows).abs() / 100, inputs.Singles("cpu", Width).abs() / 100, inputs.Singles("cpu", Width).to(type));
        var y = empty([Rows, Width], type);
        var call = (delegate* unmanaged<nint, nint, nint, nint, nint, long, int, void>)kernel.Function;
        kernel.Run(Rows * Width / 8 + 3, () => call(At(sums), At(rows), At(columns), At(bias), At(y), Rows * Width / 8, Width));
        y.ShouldBeNearInNorm(sums.to(ScalarType.Float64) * rows.unsqueeze(1) * columns + bias, 4e-3, Seed);
    }

    [Theory]
    [MemberData(nameof(TypesOfNumbers))]
    public void Softmax_of_heads_is_its_formula(ScalarType type)
    {
        const int Keys = 5, Heads = 3, Queries = 4;
        using var kernel = Kernel("FoldedAttention.cu", "head_softmax", type, $"#define KEYS {Keys}\n#define HEADS {Heads}\n");
        var (products, added) = (inputs.Singles("cpu", 2, Queries, Keys, Heads), inputs.Singles("cpu", 2, 1, Keys, Heads));
        var y = empty([2, Queries, Keys, Heads], type);
        var call = (delegate* unmanaged<nint, nint, ulong, uint, float, nint, void>)kernel.Function;
        kernel.Run(1, () => call(At(products), At(added), 2 * Queries * Heads, Queries, 0.5f, At(y)), threads: 128);
        y.ShouldBeNearInNorm(((products.to(ScalarType.Float64) + added) * 0.5).softmax(2), 4e-3, Seed);
    }

    private string Seed => $"seed {inputs.Seed}";

    private static RowShape Shape => new(Width, 1, Width / 8, true);

    private (Tensor Bytes, Tensor Scales) Quantised(Tensor x, LinearPrecision precision)
    {
        using var kernel = Kernel("QuantiseRows.cu", "quantise_rows", x.dtype, Shape.Constants(precision, ("SUMMED", 0)));
        var made = RowsOut.CreateLike(x, precision);
        var call = (delegate* unmanaged<nint, long, nint, long, nint, nint, void>)kernel.Function;
        kernel.Run(x.shape[0], () => call(At(x), Width, 0, 0, At(made.Values), made.ScalesAddress));
        return (made.Values, made.Scales!);
    }

    private HostKernel Kernel(string file, string entry, ScalarType type, string constants)
    {
        Assert.SkipWhen(ClangProgram.Name is null && cuda.is_available(), "no clang here; the GPU tests what kernels compute");
        return new(
            folder,
            new(file, string.Create(CultureInfo.InvariantCulture, $"#define FLOAT16 {(type == ScalarType.Float16 ? 1 : 0)}\n{constants}")),
            entry);
    }

    private void Check(RowsOut made, Tensor exact, LinearPrecision format)
    {
        double most = format switch { LinearPrecision.Plain => 6e-3, LinearPrecision.Float8 => 4e-2, _ => 3e-2 };
        (made.Scales is null ? made.Values : RowQuantiser.Restore(new QuantisedRows(made.Values, made.Scales)))
            .ShouldBeNearInNorm(exact, most, Seed);
    }

    private static nint At(Tensor x) => TensorMemory.Address(x);
}
