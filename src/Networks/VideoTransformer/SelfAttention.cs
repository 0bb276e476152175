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

    /// <summary>Precision of the input that the layer expects.</summary>
    public LinearPrecision Precision => query.Precision;

    /// <summary>Computes the attention and, with two people, the rotation of every token's audio query.</summary>
    /// <param name="x">[B, own tokens, C]</param>
    /// <param name="rotary">Rotary position embedding of the own tokens.</param>
    /// <param name="share">The tokens of this device, and the exchange with the devices that have the others.</param>
    /// <param name="speakers">Masks of two people, which assign every token to one of them; null with one person.</param>
    /// <param name="tiles">The tiles that 8-bit attention reads with one person; null: all.</param>
    /// <returns>[B, own tokens, C]; the rotation is null with one person.</returns>
    public (Tensor Output, RotaryTable? SpeakerRotary) Forward(
        Activations x, RotaryTable rotary, TokenShare share, SpeakerMasks? speakers, VisitedTiles? tiles = null)
    {
        RotaryTable? speakerRotary = null;
        var y = Scoped(() =>
        {
            // q, k and v are freed before the output projection needs as much memory again
            var attended = Scoped(() =>
            {
                var values = Attention.SplitHeads(value.Forward(x), config.Heads);
                if (speakers is null && share.HasWholeTiles
                    && EightBitAttention.IsWorthwhile(values, config.HeadWidth, output.Precision, share.Grid.Tokens, tiles))
                {
                    return QuantiseRows.Apply(InEightBits(x, values, rotary, share, tiles), output.Precision);
                }
                // Between devices, v is copied while q is computed, and q while k is.
                var v = share.ToHeads(values); // [B, own heads, L, D]
                var q = share.ToHeads(Rotated(query, queryNorm, x, rotary));
                var k = share.ToHeads(Rotated(key, keyNorm, x, rotary));
                share.Arrive();
                speakerRotary = speakers?.Rotary(q, k, share); // needs q and k in 16 bits
                var read = speakers is null ? tiles : null;
                return share.IsWhole
                    ? Attention.Forward(q, k, v, output.Precision, read)
                    : QuantiseRows.Apply(
                        share.ToTokens(Attention.Forward(q, k, v, output.Precision, read, LinearPrecision.Plain).Values), output.Precision);
            });
            return output.Forward(attended);
        });
        return (y, speakerRotary);
    }

    /// <summary>
    /// Computes the attention with 8-bit products. One kernel computes norm, rotation and bytes of the own tokens, and devices exchange
    /// these bytes. Values and the mean of the keys are copied while queries are projected.
    /// </summary>
    /// <returns>[B, own tokens, H * D]</returns>
    private Tensor InEightBits(Activations x, Tensor values, RotaryTable rotary, TokenShare share, VisitedTiles? tiles) => Scoped(() =>
    {
        var v = share.ToHeads(EightBitAttention.Values(values));
        var keys = Projected(key, keyNorm, x, rotary);
        var means = share.StartCollecting(EightBitAttention.ShareOfMean(keys, share.Range.Start, share.Grid.Tokens));
        var queries = Projected(query, queryNorm, x, rotary);
        share.Arrive();
        var q = share.ToHeads(EightBitAttention.Queries(queries));
        var k = share.ToHeads(EightBitAttention.Keys(keys, means.sum([0])));
        share.Arrive();
        return tiles is not null || share.IsWhole
            ? share.ToTokens(EightBitAttention.Apply(q, k, v, values.dtype, tiles)) // the list of tiles is made of all queries at once
            : share.ToTokens(
                [q.Batch, q.Tokens, q.Heads * config.HeadWidth], values.dtype, values.device,
                rows => EightBitAttention.Apply(q, k, v, rows));
    });

    private ProjectedHeads Projected(Linear projection, RmsNorm norm, Activations x, RotaryTable rotary) =>
        norm.Heads(projection.Forward(x), config.Heads, rotary.Factors);

    /// <summary>rotary(norm(projection(x))), split into heads: [B, H, own tokens, D]</summary>
    private Tensor Rotated(Linear projection, RmsNorm norm, Activations x, RotaryTable rotary) =>
        Scoped(() => Projected(projection, norm, x, rotary).Rotated());
}
