using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// One block: self attention, cross attention on text and image, cross attention on speech, feed-forward. The timestep modulates the first
/// and the last. Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, line 216, at commit 0107cd9.
/// </summary>
public sealed class TransformerBlock(Weights weights, VideoTransformerConfig config)
{
    private readonly Tensor modulation = weights.Load("modulation", [1, 6, config.Width], Initial.Normal, ScalarType.Float32);
    private readonly SelfAttention self = new(weights["self_attn"], config);
    private readonly LayerNorm contextNorm = new(weights["norm3"], config.Width, config.Epsilon);
    private readonly ContextAttention context = new(weights["cross_attn"], config);
    private readonly LayerNorm audioNorm = new(weights["norm_x"], config.Width, config.Epsilon);
    private readonly AudioAttention audio = new(weights["audio_cross_attn"], config);
    private readonly Linear expand = new(weights["ffn"][0], config.Width, config.FeedForward);
    private readonly Linear contract = new(weights["ffn"][2], config.FeedForward, config.Width);

    /// <summary>Computes the keys and values of the text for this block.</summary>
    /// <param name="tokens">[B, L, C], embedded text.</param>
    public KeysValues ProjectText(Tensor tokens) => context.ProjectText(tokens);

    /// <summary>Computes the keys and values of the image for this block.</summary>
    /// <param name="tokens">[B, L, C], embedded image.</param>
    public KeysValues ProjectImage(Tensor tokens) => context.ProjectImage(tokens);

    /// <summary>Computes the keys and values of the speech for this block.</summary>
    /// <param name="tokens">[B, F, people * tokens, audio width]</param>
    /// <param name="rotary">Rotation of every audio token of a frame; null with one person.</param>
    public KeysValues ProjectAudio(Tensor tokens, RotaryTable? rotary) => audio.Project(tokens, rotary);

    /// <summary>Computes the block. Its last update is left pending for the first norm of the next block.</summary>
    /// <param name="x">[B, own tokens, C]. The block frees them.</param>
    /// <param name="time">[B, 6, C], float32: modulation by the timestep.</param>
    /// <param name="rotary">Rotary position embedding of the own tokens.</param>
    /// <param name="share">The tokens of this device.</param>
    /// <param name="conditioning">Keys and values of all blocks.</param>
    /// <param name="block">Index of this block; it selects the keys and values.</param>
    public PendingResidual Forward(
        PendingResidual x, Tensor time, RotaryTable rotary, TokenShare share, Conditioning conditioning, int block) => Scoped(() =>
    {
        var m = (modulation + time).chunk(6, 1); // shift, scale and gate of self attention, then of the feed-forward
        var (text, image, speech) = (conditioning.Text[block], conditioning.Image[block], conditioning.Audio.Blocks[block]);
        var (tokens, masks) = (share.Range, conditioning.Audio.Speakers);
        RotaryTable? speakers = null; // with two people: rotation of every token's audio query

        x = x.Then(
            h => Modulated(h, m[0], m[1], self.Precision),
            h =>
            {
                (var y, speakers) = self.Forward(h, rotary, share, masks, conditioning.Tiles?[block]);
                return y;
            },
            gate: m[2]);
        using var owned = speakers;
        x = x.Then(h => contextNorm.Forward(h, context.Precision), h => context.Forward(h, text, image));
        x = x.Then(
            h => audioNorm.Forward(h, audio.InputPrecision(speech, tokens, speakers)),
            h => audio.Forward(h, speech, tokens, speakers));
        return x.Then(
            h => Modulated(h, m[3], m[4], expand.Precision),
            h => contract.Forward(expand.ForwardGelu(h, contract.Precision)),
            gate: m[5]);
    });

    /// <summary>norm(x) * (1 + scale) + shift, and the sum x itself.</summary>
    private (Tensor Sum, Activations Normed) Modulated(PendingResidual x, Tensor shift, Tensor scale, LinearPrecision precision) =>
        x.Update is null
        ? (x.Tokens, NormModulate.Apply(x.Tokens, scale + 1, shift, config.Epsilon, precision))
        : NormModulate.AfterResidual(x.Tokens, x.Update, x.Gate, scale + 1, shift, config.Epsilon, precision);
}
