using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Where each of two people is in the first frame, and from that who every token of the clip belongs to. A token's attention on the
/// first frame's keys, averaged inside a person's mask and over heads, says how much it is that person; the strongest class gives it a
/// position on a line (first person 0 to 4, second 20 to 24, background 12) by which its audio query is turned.
/// Source: SingleStreamMutiAttention and get_attn_map_with_target of MeiGen-AI/InfiniteTalk.
/// </summary>
public sealed class SpeakerMasks : IDisposable
{
    private const float Background = 12;
    private static readonly (float From, float To)[] Ranges = [(0, 4), (20, 24)];
    private readonly Tensor average; // [tokens of a frame, 3], each column sums to 1, or is empty

    /// <param name="masks">[3, H, W] of a latent frame: first person, second person, background; above 0 is inside.</param>
    public SpeakerMasks(Tensor masks, PatchGrid grid)
    {
        using var scope = NewDisposeScope();
        var small = nn.functional.interpolate(masks.unsqueeze(0).to(ScalarType.Float32), [grid.Rows, grid.Columns], mode: InterpolationMode.Nearest);
        var inside = (small.squeeze(0).flatten(1) > 0).to(ScalarType.Float32); // [3, tokens of a frame]
        average = (inside / inside.sum(1, keepdim: true).clamp_min(1)).t().contiguous().DetachFromDisposeScope();
    }

    /// <summary>Position of every audio token: the middle of its person's range.</summary>
    /// <param name="tokens">Audio tokens of one latent frame, both people's, first person's first.</param>
    public static Tensor AudioPositions(long tokens, Device device)
    {
        using var scope = NewDisposeScope();
        var middles = Ranges.Select(range => full([tokens / 2], (range.From + range.To) / 2, ScalarType.Float32, device));
        return cat(middles.ToList(), 0).MoveToOuterDisposeScope();
    }

    /// <param name="q">[1, H, L, D], rotated.</param>
    /// <param name="k">[1, H, L, D], rotated.</param>
    /// <returns>The turn of each token's audio query.</returns>
    public RotaryTable Turns(Tensor q, Tensor k)
    {
        using var scope = NewDisposeScope();
        using var still = no_grad();
        var map = Map(q, k).t(); // [3, L]
        var positions = Ranges.Select((range, person) => Scale(map[person], range)).Append(full_like(map[0], Background)).ToList();
        var position = stack(positions, 0).gather(0, map.argmax(0, keepdim: true)).squeeze(0);
        return RotaryTable.AtPositions(q.shape[^1], position);
    }

    /// <summary>[L, 3]: attention on the first frame, averaged inside each mask and over heads; one head at a time to bound memory.</summary>
    private Tensor Map(Tensor q, Tensor k)
    {
        long heads = q.shape[1];
        double scale = 1 / Math.Sqrt(q.shape[^1]);
        var sum = zeros(q.shape[2], average.shape[1], ScalarType.Float32, q.device);
        for (long head = 0; head < heads; head++)
        {
            using var scope = NewDisposeScope();
            var first = k[0, head].slice(0, 0, average.shape[0], 1);
            var attention = (q[0, head] * scale).matmul(first.t()).softmax(-1, ScalarType.Float32); // [L, tokens of a frame]
            sum.add_(attention.matmul(average.to(q.device)));
        }
        return sum.div_(heads);
    }

    private static Tensor Scale(Tensor values, (float From, float To) range)
    {
        var lowest = values.min();
        return (values - lowest) / (values.max() - lowest + 1e-8) * (range.To - range.From) + range.From;
    }

    public void Dispose() => average.Dispose();
}
