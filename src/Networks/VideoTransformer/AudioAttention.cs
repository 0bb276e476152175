using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>The tokens of each latent frame attend to the audio tokens of that frame alone.</summary>
public sealed class AudioAttention(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear query = new(weights["q_linear"], config.Width, config.Width);
    private readonly Linear keyValue = new(weights["kv_linear"], config.AudioWidth, 2 * config.Width);
    private readonly Linear output = new(weights["proj"], config.Width, config.Width);

    /// <param name="tokens">[B, F, people * tokens, audio width]</param>
    /// <param name="turns">With two people: the turn of every audio token of a frame; null with one.</param>
    /// <returns>Keys and values [B * F, H, people * tokens, D].</returns>
    public KeysValues Project(Tensor tokens, RotaryTable? turns)
    {
        using var scope = NewDisposeScope();
        var both = keyValue.Forward(tokens).flatten(0, 1).chunk(2, -1);
        var keys = Attention.SplitHeads(both[0], config.Heads);
        var values = Attention.SplitHeads(both[1], config.Heads);
        if (turns is not null) keys = turns.Apply(keys);
        return new KeysValues(keys.MoveToOuterDisposeScope(), values.MoveToOuterDisposeScope());
    }

    /// <summary>How the tokens should come: plain where the projections are folded into keys and values.</summary>
    public LinearPrecision Reads(Tensor x, KeysValues audio, long frames, RotaryTable? speakerTurns) =>
        Folds(x.shape[1] / frames, audio, speakerTurns) ? LinearPrecision.Plain : query.Precision;

    /// <param name="x">[B, F * S, C] where S tokens make a latent frame.</param>
    /// <param name="frames">F.</param>
    public Tensor Forward(Activations x, KeysValues audio, long frames, RotaryTable? speakerTurns)
    {
        using var scope = NewDisposeScope();
        long batch = x.Values.shape[0], perFrame = x.Values.shape[1] / frames;
        if (Folds(perFrame, audio, speakerTurns))
        {
            var each = x.Values.reshape(batch * frames, perFrame, config.Width);
            return FoldedAttention.Apply(each, audio.Keys, audio.Values, query.Numbers(), output.Numbers()).view(batch, frames * perFrame, config.Width).MoveToOuterDisposeScope();
        }
        var q = Attention.SplitHeads(query.Forward(x), config.Heads); // [B, H, F * S, D]
        if (speakerTurns is not null) q = speakerTurns.Apply(q);
        q = q.unflatten(2, [frames, perFrame]).transpose(1, 2).flatten(0, 1); // [B * F, H, S, D]
        var y = Attention.Forward(q, audio.Keys, audio.Values); // [B * F, S, C]
        return output.Forward(y.reshape(batch, frames * perFrame, -1)).MoveToOuterDisposeScope();
    }

    // A turn of the queries lies between their projection and the keys.
    private bool Folds(long perFrame, KeysValues audio, RotaryTable? speakerTurns) =>
        speakerTurns is null && FoldedAttention.Pays(perFrame, audio.Keys.shape[2], config.Heads, config.Width);
}
