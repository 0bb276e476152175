using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Cross attention on speech: the tokens of a latent frame attend to the audio tokens of that frame only.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/attention.py, line 191 (one person) and line 282 (two), at commit 0107cd9.
/// </summary>
public sealed class AudioAttention(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear query = new(weights["q_linear"], config.Width, config.Width);
    private readonly Linear keyValue = new(weights["kv_linear"], config.AudioWidth, 2 * config.Width);
    private readonly Linear output = new(weights["proj"], config.Width, config.Width);

    /// <summary>Computes keys and values of the audio tokens.</summary>
    /// <param name="tokens">[B, F, people * tokens, audio width]</param>
    /// <param name="rotary">Rotation of every audio token of a frame; null with one person.</param>
    /// <returns>Keys and values [B * F, H, people * tokens, D].</returns>
    public KeysValues Project(Tensor tokens, RotaryTable? rotary) => Scoped(() =>
    {
        var kv = keyValue.Forward(tokens).flatten(0, 1).chunk(2, -1);
        var k = Attention.SplitHeads(kv[0], config.Heads);
        var v = Attention.SplitHeads(kv[1], config.Heads);
        return new KeysValues(rotary is null ? k : rotary.Apply(k), v);
    });

    /// <summary>
    /// Precision of the input that <see cref="Forward"/> expects: plain if the projections are folded into keys and values.
    /// </summary>
    /// <param name="audio">Keys and values of the speech.</param>
    /// <param name="tokens">The tokens that attend.</param>
    /// <param name="speakers">With two people, the rotation of every token's query; null with one.</param>
    public LinearPrecision InputPrecision(KeysValues audio, TokenRange tokens, RotaryTable? speakers) =>
        Folds(tokens, audio, speakers) ? LinearPrecision.Plain : query.Precision;

    /// <summary>Computes the attention.</summary>
    /// <param name="x">[B, tokens, C]</param>
    /// <param name="audio">Keys and values of the speech of all frames.</param>
    /// <param name="tokens">Which tokens x has; a frame of which it has some is computed as a whole.</param>
    /// <param name="speakers">With two people, the rotation of every token's query; null with one.</param>
    /// <returns>[B, tokens, C]</returns>
    public Tensor Forward(Activations x, KeysValues audio, TokenRange tokens, RotaryTable? speakers) => Scoped(() =>
    {
        var (keys, values) = audio.Frames(x.Values.shape[0], tokens.FirstFrame, tokens.Frames);
        if (Folds(tokens, audio, speakers))
        {
            return tokens.FromFrames(
                FoldedAttention.Apply(tokens.ByFrame(x.Values), keys, values, query.Dequantise(), output.Dequantise()));
        }

        var q = query.Forward(x); // [B, tokens, C]
        if (speakers is not null) q = speakers.Apply(Attention.SplitHeads(q, config.Heads)).transpose(1, 2).flatten(2);
        var y = Attention.Forward(Attention.SplitHeads(tokens.ByFrame(q), config.Heads), keys, values); // [B * F, S, C]
        return output.Forward(tokens.FromFrames(y));
    });

    /// <summary>Folding needs the query projection next to the keys; a rotation between them forbids it.</summary>
    private bool Folds(TokenRange tokens, KeysValues audio, RotaryTable? speakers) =>
        speakers is null && FoldedAttention.IsWorthwhile(tokens.PerFrame, audio.Keys.shape[2], config.Heads, config.Width);
}
