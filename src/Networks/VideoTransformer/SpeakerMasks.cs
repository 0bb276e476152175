using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Masks of two people in the first frame; they assign every token of the clip to a person or to the background. The score of a class is a
/// token's attention on the first frame's keys, averaged over the mask of the class and over heads. The class with the highest score gives
/// the token a position (first person 0 to 4, second 20 to 24, background 12) by which its audio query is rotated.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/attention.py, line 316, and wan/utils/multitalk_utils.py, line 120, at commit 0107cd9.
/// </summary>
public sealed class SpeakerMasks : IDisposable
{
    private const float Background = 12;
    private static readonly (float From, float To)[] Ranges = [(0, 4), (20, 24)];
    private readonly Tensor average; // [tokens of a frame, 3]; each column sums to 1, or is zero for an empty mask

    private SpeakerMasks(Tensor average) => this.average = average;

    /// <summary>Creates the masks at the resolution of the token grid.</summary>
    /// <param name="masks">[3, H, W]: first person, second person, background; values above 0 are inside.</param>
    /// <param name="grid">Token grid of the clip.</param>
    public SpeakerMasks(Tensor masks, PatchGrid grid)
    {
        average = Detached(() =>
        {
            var small = nn.functional.interpolate(
                masks.unsqueeze(0).to(ScalarType.Float32), [grid.Rows, grid.Columns], mode: InterpolationMode.Nearest);
            var inside = (small.squeeze(0).flatten(1) > 0).to(ScalarType.Float32); // [3, tokens of a frame]
            return (inside / inside.sum(1, keepdim: true).clamp_min(1)).t().contiguous();
        });
    }

    /// <summary>Returns the position of every audio token: the middle of the range of its person.</summary>
    /// <param name="tokens">Audio tokens of one latent frame, of both people; those of the first person come first.</param>
    /// <param name="device">Device of the result.</param>
    /// <returns>[tokens], float32.</returns>
    public static Tensor AudioPositions(long tokens, Device device) => Scoped(() =>
        cat([.. Ranges.Select(range => full([tokens / 2], (range.From + range.To) / 2, ScalarType.Float32, device))], 0));

    /// <summary>Computes the rotation of the audio query of every token of this device.</summary>
    /// <param name="q">[1, own heads, L, D], rotated by the position in the clip.</param>
    /// <param name="k">[1, own heads, L, D], rotated by the position in the clip.</param>
    /// <param name="share">The tokens of this device.</param>
    public RotaryTable Rotary(Tensor q, Tensor k, TokenShare share)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var scores = share.Mean(Scores(q, k)).t(); // [3, L]
        var positions = Ranges.Select((range, person) => Rescale(scores[person], range)).Append(full_like(scores[0], Background)).ToList();
        var position = stack(positions, 0).gather(0, scores.argmax(0, keepdim: true)).squeeze(0);
        return RotaryTable.FromPositions(q.shape[^1], share.Own(position, 0));
    }

    /// <summary>Copies the masks to a device.</summary>
    public SpeakerMasks To(Device device) => new(Detached(() => average.to(device, copy: true)));

    public void Dispose() => average.Dispose();

    /// <summary>Averages the attention on the first frame over each mask and over heads. Works head by head to bound memory.</summary>
    /// <returns>[L, 3]</returns>
    private Tensor Scores(Tensor q, Tensor k)
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

    /// <summary>Maps the values linearly to a range.</summary>
    private static Tensor Rescale(Tensor values, (float From, float To) range)
    {
        var lowest = values.min();
        return (values - lowest) / (values.max() - lowest + 1e-8) * (range.To - range.From) + range.From;
    }
}
