using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Self attention among all tokens of a clip, with RMS norm of queries and keys over the full width and rotary positions along three axes.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, line 115, at commit 0107cd9.
/// </summary>
public sealed class SelfAttention(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear query = new(weights["q"], config.Width, config.Width);
    private readonly Linear key = new(weights["k"], config.Width, config.Width);
    private readonly Linear value = new(weights["v"], config.Width, config.Width);
    private readonly Linear output = new(weights["o"], config.Width, config.Width);
    private readonly RmsNorm queryNorm = new(weights["norm_q"], config.Width, config.Epsilon);
    private readonly RmsNorm keyNorm = new(weights["norm_k"], config.Width, config.Epsilon);

    /// <summary>Precision in which the layer wants its input.</summary>
    public LinearPrecision Precision => query.Precision;

    /// <summary>Computes the attention and, with two people, the rotation of every token's audio query.</summary>
    /// <param name="x">[B, L, C]</param>
    /// <param name="rotary">Rotary position embedding of the token grid.</param>
    /// <param name="speakers">Masks of two people, which assign every token to one of them; null with one person.</param>
    /// <param name="tiles">The tiles that 8-bit attention reads with one person; null: all.</param>
    /// <returns>[B, L, C]; the rotation is null with one person.</returns>
    public (Tensor Output, RotaryTable? SpeakerRotary) Forward(
        Activations x, RotaryTable rotary, SpeakerMasks? speakers, VisitedTiles? tiles = null)
    {
        RotaryTable? speakerRotary = null;
        var y = Scoped(() =>
        {
            // q, k and v are freed before the output projection needs as much memory again
            var attended = Scoped(() =>
            {
                var projected = Projected(query, queryNorm, x, rotary);
                // one kernel computes norm, rotation and bytes
                if (speakers is null && EightBitAttention.IsWorthwhile(projected, output.Precision))
                    return Activations.Create(
                        EightBitAttention.Apply(projected, Projected(key, keyNorm, x, rotary), Values(x), tiles), output.Precision);
                var (q, k) = (Rotated(projected), Rotated(Projected(key, keyNorm, x, rotary))); // [B, H, L, D]
                var result = Attention.Forward(q, k, Values(x), output.Precision, speakers is null ? tiles : null);
                speakerRotary = speakers?.Rotary(q, k); // needs q and k in 16 bits
                return result;
            });
            return output.Forward(attended);
        });
        return (y, speakerRotary);
    }

    private ProjectedHeads Projected(Linear projection, RmsNorm norm, Activations x, RotaryTable rotary) =>
        norm.Heads(projection.Forward(x), config.Heads, rotary.Factors);

    private Tensor Values(Activations x) => Attention.SplitHeads(value.Forward(x), config.Heads);

    /// <summary>rotary(norm(x)), split into heads.</summary>
    private static Tensor Rotated(ProjectedHeads projected)
    {
        using (projected.X) return projected.Rotated();
    }
}
