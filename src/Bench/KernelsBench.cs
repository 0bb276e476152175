using Locutor.Generation;
using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>Every operation of a block at the size of a pass, alone: what one costs, what all of a pass cost, and the least its bytes or products take.</summary>
internal sealed class KernelsBench(BenchOptions options, Meter meter, Ceilings ceilings)
{
    private const string Part = "kernels";

    public IReadOnlyList<BenchRow> Run()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var config = new BundleBlueprint(options.Bundle).Transformer;
        using var inputs = new PassInputs(options, config);
        var linears = options.Precision.Linears() ?? LinearPrecision.Plain;
        var type = options.Precision.Arithmetic(options.Device);
        long tokens = inputs.Grid.Tokens, width = config.Width, inner = config.FeedForward;
        int size = type == ScalarType.Float32 ? 4 : 2, bytesOut = linears == LinearPrecision.Plain ? size : 1;
        var x = Normal(type, 1, tokens, width);
        var y = Normal(type, 1, tokens, width);
        var wide = Normal(type, 1, tokens, inner);
        var (factor, offset) = (Normal(ScalarType.Float32, 1, 1, width), Normal(ScalarType.Float32, 1, 1, width));
        var weight = Normal(type, width);
        var angles = Normal(ScalarType.Float32, 1, 1, tokens, config.HeadWidth / 2);
        var turns = polar(ones_like(angles), angles);
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        Operation[] operations =
        [
            new("layer norm, modulation" + Quantised(linears), 4, () => NormModulate.Apply(x, factor, offset, 1e-6, linears).Values, () => NormModulate.Plain(x, factor, offset, 1e-6, LinearPrecision.Plain).Values, tokens * width * (size + bytesOut), null, Restored(() => NormModulate.Apply(x, factor, offset, 1e-6, linears))),
            new("RMS norm, rotary turn", 2, () => RmsRotary.Apply(x, weight, 1e-6, turns, config.Heads), () => RmsRotary.Plain(x, weight, 1e-6, turns, config.Heads), tokens * width * 2 * size, null),
            new("gate, residual", 2, () => GatedResidual.Apply(x, y, factor), () => GatedResidual.Plain(x, y, factor), tokens * width * 3 * size, null),
            new("GELU" + Quantised(linears), 1, () => GeluQuantise.Apply(wide, linears).Values, () => wide.gelu(TorchSharp.Modules.GELU.Approximate.tanh), tokens * inner * (size + bytesOut), null, Restored(() => GeluQuantise.Apply(wide, linears))),
            .. Products(parameters, linears, type, config.Width, config.FeedForward, x, wide),
        ];
        List<BenchRow> rows = [.. operations.Select(operation => Measure(operation, config.Blocks, linears))];
        var q = Normal(type, 1, tokens, width).unflatten(2, [config.Heads, config.HeadWidth]).transpose(1, 2);
        double seconds = meter.MedianOfMany(() => Attention.Forward(q, q, q));
        string rate = type == ScalarType.Float32 && !meter.OnGpu ? Ceilings.AttentionFloat32 : Ceilings.Attention;
        rows.Add(new BenchRow(Part, $"self attention, {config.Blocks} times a pass", seconds)
        {
            Floor = ceilings.Floor(rate, 4.0 * tokens * tokens * width),
            Note = $"{seconds * config.Blocks:0.000} s a pass",
        });
        return rows;
    }

    private IEnumerable<Operation> Products(RandomParameters parameters, LinearPrecision linears, ScalarType type, long width, long inner, Tensor x, Tensor wide)
    {
        var weights = new Weights(parameters, type, options.Device).With(linears);
        string rate = (meter.OnGpu ? linears : LinearPrecision.Plain) switch
        {
            LinearPrecision.Float8 => Ceilings.Float8,
            LinearPrecision.Int8 => Ceilings.Int8,
            _ => type == ScalarType.Float32 ? Ceilings.Float32 : Ceilings.BFloat16,
        };
        foreach (var (name, inputs, outputs, times, input) in new[] { ("square", width, width, 8, x), ("expand", width, inner, 1, x), ("contract", inner, width, 1, wide) })
        {
            var linear = new Linear(weights[name], inputs, outputs);
            var given = Activations.Of(input, linears);
            yield return new($"matrix product {inputs} to {outputs}", times, () => linear.Forward(given), null, 0, (rate, 2.0 * input.shape[1] * inputs * outputs));
        }
    }

    private BenchRow Measure(Operation operation, int blocks, LinearPrecision linears)
    {
        double? error = null;
        if (options.Check && operation.Plain is not null)
        {
            using var scope = NewDisposeScope();
            error = Meter.RelativeError((operation.Checked ?? operation.Run)(), operation.Plain());
        }
        double seconds = meter.MedianOfMany(() => operation.Run());
        double allowed = operation.Checked is null ? 1e-2 : linears == LinearPrecision.Float8 ? 4e-2 : 2e-2;
        return Meter.Checked(new BenchRow(Part, $"{operation.What}, {operation.Times * blocks} times a pass", seconds)
        {
            Floor = operation.Product is { } product ? ceilings.Floor(product.Rate, product.Flop) : ceilings.Floor(Ceilings.Copy, operation.Bytes),
            Error = error ?? 0,
            ErrorAllowed = allowed,
            Note = $"{seconds * operation.Times * blocks:0.000} s a pass",
        }) with { Error = error, ErrorAllowed = error is null ? null : allowed };
    }

    /// <summary>Bytes back as numbers; null where they are numbers.</summary>
    private Func<Tensor>? Restored(Func<Activations> quantised)
    {
        if ((options.Precision.Linears() ?? LinearPrecision.Plain) == LinearPrecision.Plain) return null;
        return () =>
        {
            var made = quantised();
            return RowQuantiser.Restore(new QuantisedRows(made.Values, made.Scales!));
        };
    }

    private static string Quantised(LinearPrecision linears) => linears == LinearPrecision.Plain ? "" : $", quantised to {linears}".ToLowerInvariant();

    private Tensor Normal(ScalarType type, params long[] shape) => randn(shape, ScalarType.Float32, options.Device).to(type);

    private sealed record Operation(string What, int Times, Func<Tensor> Run, Func<Tensor>? Plain, double Bytes, (string Rate, double Flop)? Product, Func<Tensor>? Checked = null);
}
