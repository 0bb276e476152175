using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Attention among all tokens of a clip, with query and key RMS norm over the full width and three-axis rotary positions.</summary>
public sealed class SelfAttention(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear query = new(weights["q"], config.Width, config.Width);
    private readonly Linear key = new(weights["k"], config.Width, config.Width);
    private readonly Linear value = new(weights["v"], config.Width, config.Width);
    private readonly Linear output = new(weights["o"], config.Width, config.Width);
    private readonly RmsNorm queryNorm = new(weights["norm_q"], config.Width, config.Epsilon);
    private readonly RmsNorm keyNorm = new(weights["norm_k"], config.Width, config.Epsilon);

    /// <summary>How the tokens should come.</summary>
    public LinearPrecision Precision => query.Precision;

    /// <param name="x">[B, L, C]</param>
    /// <param name="speakers">With two people: finds who each token belongs to; null with one.</param>
    /// <returns>[B, L, C], and with two people the turn of each token's audio query.</returns>
    public (Tensor Output, RotaryTable? SpeakerTurns) Forward(Activations x, RotaryTable rotary, SpeakerMasks? speakers)
    {
        using var scope = NewDisposeScope();
        var (read, turns) = Attend(x, rotary, speakers);
        return (output.Forward(read).MoveToOuterDisposeScope(), turns);
    }

    // Scopes of their own: what was projected goes before the next product makes as much again.
    private (Activations Read, RotaryTable? SpeakerTurns) Attend(Activations x, RotaryTable rotary, SpeakerMasks? speakers)
    {
        using var scope = NewDisposeScope();
        var q = Projected(query, queryNorm, x, rotary);
        // Speakers are found from 16-bit queries and keys. Without speakers one kernel may compute norm, turn and bytes.
        if (speakers is null && EightBitAttention.Pays(q, output.Precision))
        {
            var y = EightBitAttention.Apply(q, Projected(key, keyNorm, x, rotary), Values(x));
            return (Activations.Of(y, output.Precision).MoveToOuterDisposeScope(), null);
        }
        var (qs, ks) = (Turned(q), Turned(Projected(key, keyNorm, x, rotary))); // [B, H, L, D]
        return (Attention.Forward(qs, ks, Values(x), output.Precision).MoveToOuterDisposeScope(), speakers?.Turns(qs, ks));
    }

    private ProjectedHeads Projected(Linear projection, RmsNorm norm, Activations x, RotaryTable rotary) => norm.Heads(projection.Forward(x), config.Heads, rotary.Turns);

    private Tensor Values(Activations x) => Attention.SplitHeads(value.Forward(x), config.Heads);

    private static Tensor Turned(ProjectedHeads projected)
    {
        using (projected.X) return projected.Turned();
    }
}
