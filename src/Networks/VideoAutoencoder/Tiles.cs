using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>One tile along one axis.</summary>
/// <param name="Read">The inputs it is made from, with as much around it as the layers see.</param>
/// <param name="Skip">Answers to these inputs that stand before the tile.</param>
/// <param name="Made">What the tile is of all answers.</param>
internal readonly record struct Cut(Interval Read, long Skip, Interval Made);

/// <summary>
/// Takes a video through layers tile by tile. A tile reads as much around it as the layers see of its pixels, which is then cut off:
/// every pixel is made of the same products as without tiles, so there is no seam to hide.
/// </summary>
internal static class Tiles
{
    /// <summary>The tiles along one axis.</summary>
    /// <param name="layers">None of which sees everywhere, or every tile reads all.</param>
    /// <param name="inputs">Height or width of what the layers are given.</param>
    public static IReadOnlyList<Cut> Cuts(IReadOnlyList<CausalLayer> layers, long inputs, int tiles)
    {
        long grows = layers.Aggregate(1L, (product, layer) => product * layer.Sight.Grows);
        long shrinks = layers.Aggregate(1L, (product, layer) => product * layer.Sight.Shrinks);
        long answers = inputs * grows / shrinks;
        return [.. Enumerable.Range(0, tiles).Select(i => CutOf(new(i * answers / tiles, (i + 1) * answers / tiles)))];

        Cut CutOf(Interval made)
        {
            var needs = layers.Reverse().Aggregate(made, (interval, layer) => layer.Sight.Needs(interval));
            long from = Math.Max(0, needs.From) / shrinks * shrinks;
            long to = Math.Min(inputs, (Math.Min(inputs, needs.To) + shrinks - 1) / shrinks * shrinks);
            return new(new(from, to), made.From - from * grows / shrinks, made);
        }
    }

    /// <summary>
    /// One tile after the other, each from the first chunk to the last, so that layers remember frames of one tile at a time.
    /// </summary>
    /// <param name="chunks">[B, C, T, H, W] each, one behind the other; each completes a frame of every layer.</param>
    /// <param name="type">Of the layers.</param>
    /// <param name="repeats">Whether most chunks are the same, so that layers may leave out what they said before.</param>
    /// <returns>The answer to each chunk.</returns>
    public static IReadOnlyList<Tensor> Over(CausalStack stack, IReadOnlyList<Tensor> chunks, CodingPlan plan, ScalarType type, bool repeats, CancellationToken ct)
    {
        var made = new Tensor?[chunks.Count];
        var (down, across) = (Cuts(stack.Layers, chunks[0].shape[3], plan.Down), Cuts(stack.Layers, chunks[0].shape[4], plan.Across));
        foreach (var rows in down)
        {
            foreach (var columns in across)
            {
                using var cache = new CausalCache();
                using var repeating = repeats ? new RepeatingStack(stack, cache) : null;
                for (int i = 0; i < chunks.Count; i++)
                {
                    ct.ThrowIfCancellationRequested();
                    using var scope = NewDisposeScope();
                    var tile = Layout.ChannelsLast(Part(chunks[i], rows.Read, columns.Read).to(type));
                    var answer = repeating?.Forward(tile) ?? stack.Forward(tile, cache, ct)!;
                    made[i] ??= Layout.EmptyLike(answer, answer.shape[2], down[^1].Made.To, across[^1].Made.To).MoveToOuterDisposeScope();
                    Part(made[i]!, rows.Made, columns.Made).copy_(Part(answer, new(rows.Skip, rows.Skip + rows.Made.Length), new(columns.Skip, columns.Skip + columns.Made.Length)));
                }
            }
        }
        return made!;
    }

    private static Tensor Part(Tensor video, Interval rows, Interval columns) =>
        video.narrow(3, rows.From, rows.Length).narrow(4, columns.From, columns.Length);
}
