using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>One tile along one axis.</summary>
/// <param name="Input">Input interval that the tile reads; it includes the receptive field around the tile.</param>
/// <param name="Skip">Outputs of that input that lie before the tile.</param>
/// <param name="Output">Output interval of the tile.</param>
internal readonly record struct TileSlice(Interval Input, long Skip, Interval Output);

/// <summary>
/// Computes layers tile by tile. A tile reads its receptive field, and the outputs around the tile are cut off. Every pixel is the sum of
/// the same products as without tiles, so there are no seams.
/// </summary>
internal static class Tiles
{
    /// <summary>Divides one axis into tiles.</summary>
    /// <param name="layers">Layers to compute; if one has the whole frame as its receptive field, every tile reads everything.</param>
    /// <param name="inputs">Height or width of the layers' input.</param>
    /// <param name="tiles">Number of tiles.</param>
    public static IReadOnlyList<TileSlice> Slice(IReadOnlyList<CausalLayer> layers, long inputs, int tiles)
    {
        long upscale = layers.Aggregate(1L, (product, layer) => product * layer.Field.Upscale);
        long downscale = layers.Aggregate(1L, (product, layer) => product * layer.Field.Downscale);
        long outputs = inputs * upscale / downscale;
        return [.. Enumerable.Range(0, tiles).Select(i => SliceFor(new(i * outputs / tiles, (i + 1) * outputs / tiles)))];

        TileSlice SliceFor(Interval output)
        {
            var field = layers.Reverse().Aggregate(output, (interval, layer) => layer.Field.Input(interval));
            long from = Math.Max(0, field.From) / downscale * downscale;
            long to = Math.Min(inputs, (Math.Min(inputs, field.To) + downscale - 1) / downscale * downscale);
            return new(new(from, to), output.From - from * upscale / downscale, output);
        }
    }

    /// <summary>Computes all chunks of one tile before the next tile, so that the layers cache the frames of one tile at a time.</summary>
    /// <param name="stack">Layers to compute.</param>
    /// <param name="chunks">[B, C, T, H, W] each, in order; each completes an output frame of every layer.</param>
    /// <param name="plan">Number of tiles.</param>
    /// <param name="type">Type in which the layers compute.</param>
    /// <param name="repeats">Whether most chunks are equal, so that layers can reuse their last output.</param>
    /// <param name="cancellationToken">Checked before each chunk.</param>
    /// <returns>The output of each chunk.</returns>
    public static IReadOnlyList<Tensor> Forward(
        CausalStack stack, IReadOnlyList<Tensor> chunks, TilingPlan plan, ScalarType type, bool repeats,
        CancellationToken cancellationToken)
    {
        var outputs = new Tensor?[chunks.Count];
        var (down, across) = (Slice(stack.Layers, chunks[0].shape[3], plan.Down), Slice(stack.Layers, chunks[0].shape[4], plan.Across));
        foreach (var (rows, columns) in down.SelectMany(rows => across.Select(columns => (rows, columns))))
        {
            using var cache = new CausalCache();
            using var repeating = repeats ? new RepeatingStack(stack, cache) : null;
            for (int i = 0; i < chunks.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var tile = Layout.ChannelsLast(Part(chunks[i], rows.Input, columns.Input).to(type));
                var y = repeating?.Forward(tile) ?? stack.Forward(tile, cache, cancellationToken)!;
                outputs[i] ??= Layout.EmptyLike(y, y.shape[2], down[^1].Output.To, across[^1].Output.To).MoveToOuterDisposeScope();
                Part(outputs[i]!, rows.Output, columns.Output).copy_(Part(y, Kept(rows), Kept(columns)));
            }
        }

        return outputs!;
    }

    private static Interval Kept(TileSlice slice) => new(slice.Skip, slice.Skip + slice.Output.Length);

    private static Tensor Part(Tensor video, Interval rows, Interval columns) =>
        video.narrow(3, rows.From, rows.Length).narrow(4, columns.From, columns.Length);
}
