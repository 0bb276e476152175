using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Kernels;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures every operation of a block alone, at the size of a pass: the time of one call and of all calls in a pass, and the lower bound
/// from its bytes or products.
/// </summary>
internal sealed class KernelsBench(BenchOptions options, Meter meter, Ceilings ceilings)
{
    private const string Part = "kernels";

    private readonly VideoTransformerConfig config = new BundleBlueprint(options.Bundle).Transformer;
    private readonly LinearPrecision held = options.Precision.Linears() ?? LinearPrecision.Plain;

    /// <summary>The precision in which matrix products read the activations; plain when the device dequantises the weights.</summary>
    private readonly LinearPrecision linears = Reads(options);

    private readonly ScalarType type = options.Precision.Arithmetic(options.Device);

    private static LinearPrecision Reads(BenchOptions options)
    {
        var held = options.Precision.Linears() ?? LinearPrecision.Plain;
        return GpuPaths.ForGpu(options.Device)?.ActivationPrecision(held) ?? held;
    }

    private PatchGrid Grid => PassInputs.GridOf(options, config);

    /// <summary>Whether the projections of the attention to speech are folded into keys and values at this size.</summary>
    private bool Folds => Work.Folds(config, Grid);

    /// <summary>Whether the GELU is fused into the matrix product before it.</summary>
    private bool GeluInProduct => linears == LinearPrecision.Plain && meter.OnGpu;

    private int Size => type == ScalarType.Float32 ? 4 : 2;

    private int BytesOut => linears == LinearPrecision.Plain ? Size : 1;

    /// <summary>
    /// Returns a row for each operation and one for the whole pass, in which each operation counts as often as the blocks run it for one
    /// speaker.
    /// </summary>
    public IReadOnlyList<BenchRow> Run()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var grid = Grid;
        var x = Normal(type, 1, grid.Tokens, config.Width);
        var wide = Normal(type, 1, grid.Tokens, config.FeedForward);
        Operation[] operations =
        [
            .. Norms(x), .. Sums(x), .. OfWideRows(wide), .. Products(parameters, x, wide), SelfAttention(grid), .. Attentions(grid),
            .. Speech(parameters, grid)
        ];
        List<BenchRow> rows = [.. operations.Select(Measure)];
        double seconds = operations.Zip(rows, (operation, row) => operation.Times * row.Seconds!.Value).Sum();
        rows.Add(
            new BenchRow(Part, "all of the above in a pass", seconds)
            {
                Floor = operations.Zip(rows, (operation, row) => operation.Times * row.Floor!.Value).Sum()
            });
        return rows;
    }

    private IEnumerable<Operation> Norms(Tensor x)
    {
        var y = Normal(type, x.shape);
        var (factor, offset) = (Normal(ScalarType.Float32, 1, 1, config.Width), Normal(ScalarType.Float32, 1, 1, config.Width));
        Activations Norm() => NormModulate.Apply(x, factor, offset, config.Epsilon, linears);
        Activations After(Tensor? gate) => NormModulate.AfterResidual(x, y, gate, factor, offset, config.Epsilon, linears).Normed;
        Tensor Plain(Tensor sum) => NormModulate.Plain(sum, factor, offset, config.Epsilon, LinearPrecision.Plain).Values;
        double values = x.numel();
        yield return new(
            "layer norm, modulation" + Quantised, 1, () => Norm().Values, () => Plain(x), values * (Size + BytesOut), null, Restored(Norm));
        yield return new(
            "residual, layer norm" + Quantised, (Folds ? 1 : 2) * config.Blocks, () => After(null).Values, () => Plain(x + y),
            values * (3 * Size + BytesOut), null, Restored(() => After(null)));
        if (Folds)
        {
            yield return new(
                "residual, layer norm before speech", config.Blocks,
                () => NormModulate.AfterResidual(x, y, null, factor, offset, config.Epsilon, LinearPrecision.Plain).Normed.Values,
                () => Plain(x + y), values * 4 * Size, null);
        }
        yield return new(
            "gate, residual, layer norm" + Quantised, 2 * config.Blocks - 1, () => After(factor).Values,
            () => Plain(GatedResidual.Plain(x, y, factor)), values * (3 * Size + BytesOut), null, Restored(() => After(factor)));
        yield return new(
            "gate, residual", 1, () => GatedResidual.Apply(x, y, factor), () => GatedResidual.Plain(x, y, factor), values * 3 * Size, null);
        var rows = Projected(x);
        var (_, weight, _, turns, _) = rows;
        if (!EightBitAttention.IsWorthwhile(x, config.HeadWidth, linears, x.shape[1]))
        {
            yield return new(
                "RMS norm, rotary turn", 2 * config.Blocks, () => RmsRotary.Apply(x, weight, config.Epsilon, turns, config.Heads),
                () => RmsRotary.Plain(x, weight, config.Epsilon, turns, config.Heads), values * 2 * Size, null);
        }
        yield return new(
            "RMS norm", config.Blocks, () => RmsRotary.Apply(x, weight, config.Epsilon, null, config.Heads),
            () => RmsRotary.Plain(x, weight, config.Epsilon, null, config.Heads), values * 2 * Size, null);
    }

    /// <summary>Returns the operations on the outputs of attentions before a matrix product reads them.</summary>
    private IEnumerable<Operation> Sums(Tensor x)
    {
        var y = Normal(type, x.shape);
        double values = x.numel();
        if (linears != LinearPrecision.Plain && !Folds)
        {
            yield return new(
                "speech attention's output" + Quantised, config.Blocks, () => QuantiseRows.Apply(x, linears).Values, () => x,
                values * (Size + BytesOut), null, Restored(() => QuantiseRows.Apply(x, linears)));
        }
        yield return new(
            "sum of text and picture" + Quantised, config.Blocks, () => QuantiseRows.Sum(x, y, linears).Values, () => x + y,
            values * (2 * Size + BytesOut), null, Restored(() => QuantiseRows.Sum(x, y, linears)));
    }

    private IEnumerable<Operation> OfWideRows(Tensor wide)
    {
        if (!GeluInProduct)
        {
            yield return new(
                "GELU" + Quantised, config.Blocks, () => GeluQuantise.Apply(wide, linears).Values,
                () => wide.gelu(TorchSharp.Modules.GELU.Approximate.tanh), (double)wide.numel() * (Size + BytesOut), null,
                Restored(() => GeluQuantise.Apply(wide, linears)));
        }
    }

    /// <summary>
    /// Returns the self attention as a block runs it: its output has the format that the next matrix product reads. Kernels of 8 bits
    /// include the norm and the rotary embedding of queries and keys.
    /// </summary>
    private Operation SelfAttention(PatchGrid grid)
    {
        long tokens = grid.Tokens;
        var (rows, v) = (Projected(Normal(type, 1, tokens, config.Width)), Heads(1, tokens));
        double bytes = 4.0 * v.numel() * Size;
        var product = (ceilings.SelfAttention(type, linears, options.Device, tokens), 4.0 * tokens * tokens * config.Width);
        if (EightBitAttention.IsWorthwhile(rows.X, config.HeadWidth, linears, tokens))
        {
            return new(
                $"RMS norm, rotary turn, self attention, {tokens} keys{Quantised}", config.Blocks,
                () => QuantiseRows.Apply(EightBitAttention.Apply(rows, rows, v), linears).Values, null, bytes, product);
        }
        var (q, k) = (Heads(1, tokens), Heads(1, tokens));
        return new(
            $"self attention, {tokens} keys{Quantised}", config.Blocks, () => Attention.Forward(q, k, v, linears).Values, null, bytes,
            product);
    }

    private IEnumerable<Operation> Attentions(PatchGrid grid)
    {
        string rate = Ceilings.Attention(type, options.Device);
        var q = Heads(1, grid.Tokens);
        var perFrame = Heads(grid.Frames, grid.Tokens / grid.Frames);
        (string What, Tensor Queries, long Keys)[] kinds =
        [
            ("text", q, config.TextTokens), ("picture", q, new BundleBlueprint(options.Bundle).Image.Tokens()),
            ("speech", perFrame, config.AudioTokens),
        ];
        foreach (var (what, queries, keys) in kinds)
        {
            if (what == "speech" && Folds) continue;
            var (k, v) = (Heads(queries.shape[0], keys), Heads(queries.shape[0], keys));
            yield return new(
                $"{what} attention, {keys} keys", config.Blocks, () => Attention.Forward(queries, k, v, LinearPrecision.Plain).Values, null,
                2.0 * (q.numel() + k.numel()) * Size, (rate, 4.0 * grid.Tokens * keys * config.Width));
        }
    }

    private ProjectedHeads Projected(Tensor x)
    {
        var angles = Normal(ScalarType.Float32, 1, 1, x.shape[1], config.HeadWidth / 2);
        return new(x, Normal(type, config.Width), config.Epsilon, polar(ones_like(angles), angles), config.Heads);
    }

    private Tensor Heads(long batch, long tokens) => Attention.SplitHeads(Normal(type, batch, tokens, config.Width), config.Heads);

    private IEnumerable<Operation> Products(RandomParameters parameters, Tensor x, Tensor wide)
    {
        long width = config.Width, inner = config.FeedForward;
        var weights = new Weights(parameters, type, options.Device).With(held);
        string rate = Ceilings.Product(type, held, options.Device);
        foreach (var (name, inputs, outputs, times, input) in
                new[] { ("square", width, width, Folds ? 6 : 8, x), ("expand", width, inner, 1, x), ("contract", inner, width, 1, wide) })
        {
            var linear = new Linear(weights[name], inputs, outputs);
            var given = QuantiseRows.Apply(input, linears);
            bool gelu = name == "expand" && GeluInProduct;
            yield return new(
                $"matrix product {inputs} to {outputs}{(gelu ? ", GELU" : "")}", times * config.Blocks,
                () => gelu ? linear.ForwardGelu(given, linears).Values : linear.Forward(given), null, 0,
                (rate, 2.0 * input.shape[1] * inputs * outputs));
        }
    }

    private IEnumerable<Operation> Speech(RandomParameters parameters, PatchGrid grid)
    {
        if (!Folds) yield break;
        var weights = new Weights(parameters, type, options.Device).With(held);
        var (query, output) = (
            new Linear(weights["query"], config.Width, config.Width), new Linear(weights["output"], config.Width, config.Width));
        var x = Normal(type, grid.Frames, grid.Tokens / grid.Frames, config.Width);
        var (k, v) = (Heads(grid.Frames, config.AudioTokens), Heads(grid.Frames, config.AudioTokens));
        Tensor Unfolded() => output.Forward(Attention.Forward(Attention.SplitHeads(query.Forward(x), config.Heads), k, v));
        Tensor Exact()
        {
            Tensor Wide(Tensor one) => one.to(ScalarType.Float32);
            Tensor Apply(Affine layer, Tensor from) => nn.functional.linear(from, Wide(layer.Weight), Wide(layer.Bias));
            return Apply(
                output.Dequantise(),
                Attention.Forward(Attention.SplitHeads(Apply(query.Dequantise(), Wide(x)), config.Heads), Wide(k), Wide(v)));
        }
        yield return new(
            $"folded speech attention, {config.AudioTokens} keys", config.Blocks,
            () => FoldedAttention.Apply(x, k, v, query.Dequantise(), output.Dequantise()), Exact, 4.0 * x.numel() * Size,
            (Ceilings.Plain(type), Work.FoldedSpeech(config, grid) / config.Blocks));
        yield return new("the same not folded", 0, Unfolded, null, 4.0 * x.numel() * Size, null);
    }

    private BenchRow Measure(Operation operation)
    {
        double? error = null;
        double allowed = 1e-2;
        if (options.Check && operation.Plain is not null)
        {
            using var scope = NewDisposeScope();
            var exact = operation.Plain();
            error = Meter.RelativeError((operation.Checked ?? operation.Run)(), exact);
            // The allowed error is that of quantising to 8 bits, which is larger for rows with few large values.
            if (operation.Checked is not null)
                allowed = 1.1 * Meter.RelativeError(RowQuantiser.Restore(RowQuantiser.Quantise(exact, linears)), exact) + 2e-3;
        }
        double seconds = meter.MedianOfMany(() => operation.Run());
        return Meter.Checked(new BenchRow(Part, $"{operation.What}, {operation.Times} times a pass", seconds)
        {
            Floor = Math.Max(
                operation.Product is { } product ? ceilings.Floor(product.Rate, product.Flop) : 0,
                ceilings.Floor(Ceilings.Copy, operation.Bytes)),
            Error = error ?? 0,
            ErrorAllowed = allowed,
            Note = $"{seconds * operation.Times:0.000} s a pass",
        }) with
        { Error = error, ErrorAllowed = error is null ? null : allowed };
    }

    /// <summary>Returns a function that dequantises the result; null when the result is not quantised.</summary>
    private Func<Tensor>? Restored(Func<Activations> quantised)
    {
        if (linears == LinearPrecision.Plain) return null;
        return () =>
        {
            var made = quantised();
            return RowQuantiser.Restore(new QuantisedRows(made.Values, made.Scales!));
        };
    }

    private string Quantised => linears == LinearPrecision.Plain ? "" : $", quantised to {linears}".ToLowerInvariant();

    private Tensor Normal(ScalarType type, params long[] shape) => randn(shape, ScalarType.Float32, options.Device).to(type);

    /// <param name="Times">
    /// The calls per pass. The norm of the first block has no residual before it, and the last residual has no norm after it.
    /// </param>
    private sealed record Operation(
        string What, int Times, Func<Tensor> Run, Func<Tensor>? Plain, double Bytes, (string Rate, double Flop)? Product,
        Func<Tensor>? Checked = null);
}
