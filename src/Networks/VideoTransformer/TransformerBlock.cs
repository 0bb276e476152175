using Locutor.Kernels;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Self attention, attention on text and picture, attention on speech, feed-forward; the first and last modulated by time.</summary>
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

    public KeysValues Text(Tensor tokens) => context.Text(tokens);

    public KeysValues Image(Tensor tokens) => context.Image(tokens);

    public KeysValues Audio(Tensor tokens, RotaryTable? turns) => audio.Project(tokens, turns);

    /// <param name="before">[B, L, C] tokens; the first norm adds what the block before left to add. The block disposes of them.</param>
    /// <param name="time">[B, 6, C], float32.</param>
    /// <param name="block">Which block this is: selects its keys and values.</param>
    public Unsummed Forward(Unsummed before, Tensor time, RotaryTable rotary, PatchGrid grid, Conditioning given, int block)
    {
        using var scope = NewDisposeScope();
        var m = (modulation + time).chunk(6, 1); // shift, scale, gate; twice
        var (tokens, speakerTurns) = ReadSelf(before, m, rotary, given.Audio.Speakers);
        using var turns = speakerTurns;
        tokens = ReadContext(tokens, given.Text[block], given.Image[block]);
        tokens = ReadAudio(tokens, given.Audio.Blocks[block], grid.Frames, turns);
        return FeedForward(tokens, m).MoveToOuterDisposeScope();
    }

    // Each part disposes of what it was given as soon as it is summed: at the largest sizes a pass's memory is mostly such tokens.
    private (Unsummed, RotaryTable?) ReadSelf(Unsummed before, Tensor[] m, RotaryTable rotary, SpeakerMasks? speakers)
    {
        using var scope = NewDisposeScope();
        var (x, read) = before.Y is null
            ? (before.X, NormModulate.Apply(before.X, m[1] + 1, m[0], config.Epsilon, self.Precision))
            : NormModulate.AfterResidual(before.X, before.Y, before.Gate, m[1] + 1, m[0], config.Epsilon, self.Precision);
        if (before.Y is not null) before.Dispose();
        var (y, turns) = self.Forward(read, rotary, speakers);
        return (new Unsummed(x, y, m[2]).MoveToOuterDisposeScope(), turns);
    }

    private Unsummed ReadContext(Unsummed before, KeysValues text, KeysValues image)
    {
        using var scope = NewDisposeScope();
        var (x, read) = contextNorm.AfterResidual(before.X, before.Y!, before.Gate, context.Precision);
        before.Dispose();
        return new Unsummed(x, context.Forward(read, text, image)).MoveToOuterDisposeScope();
    }

    private Unsummed ReadAudio(Unsummed before, KeysValues spoken, long frames, RotaryTable? turns)
    {
        using var scope = NewDisposeScope();
        var (x, read) = audioNorm.AfterResidual(before.X, before.Y!, null, audio.Reads(before.X, spoken, frames, turns));
        before.Dispose();
        return new Unsummed(x, audio.Forward(read, spoken, frames, turns)).MoveToOuterDisposeScope();
    }

    private Unsummed FeedForward(Unsummed before, Tensor[] m)
    {
        using var scope = NewDisposeScope();
        var (x, read) = NormModulate.AfterResidual(before.X, before.Y!, null, m[4] + 1, m[3], config.Epsilon, expand.Precision);
        before.Dispose();
        return new Unsummed(x, contract.Forward(expand.ForwardGelu(read, contract.Precision)), m[5]).MoveToOuterDisposeScope();
    }
}

/// <summary>Tokens x + y * gate whose sum nobody has made yet: who reads them next makes it on the way.</summary>
/// <param name="X">[B, L, C]</param>
/// <param name="Y">[B, L, C], or null: X alone.</param>
/// <param name="Gate">[B, 1, C], float32, where there is a Y.</param>
public sealed record Unsummed(Tensor X, Tensor? Y = null, Tensor? Gate = null) : IDisposable
{
    /// <summary>X itself where there is no Y.</summary>
    public Tensor Sum() => Y is null ? X : GatedResidual.Apply(X, Y, Gate!);

    public Unsummed MoveToOuterDisposeScope()
    {
        X.MoveToOuterDisposeScope();
        Y?.MoveToOuterDisposeScope();
        Gate?.MoveToOuterDisposeScope();
        return this;
    }

    public void Dispose()
    {
        X.Dispose();
        Y?.Dispose();
        Gate?.Dispose();
    }
}
