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

    /// <param name="before">[B, L, C] tokens; the first norm adds what the block before left to add.</param>
    /// <param name="time">[B, 6, C], float32.</param>
    /// <param name="block">Which block this is: selects its keys and values.</param>
    public Unsummed Forward(Unsummed before, Tensor time, RotaryTable rotary, PatchGrid grid, Conditioning given, int block)
    {
        using var scope = NewDisposeScope();
        var m = (modulation + time).chunk(6, 1); // shift, scale, gate; twice
        var (x, read) = before.Y is null
            ? (before.X, NormModulate.Apply(before.X, m[1] + 1, m[0], config.Epsilon, self.Precision))
            : NormModulate.AfterResidual(before.X, before.Y, before.Gate, m[1] + 1, m[0], config.Epsilon, self.Precision);
        var (y, speakerTurns) = self.Forward(read, rotary, given.Audio.Speakers);
        using var turns = speakerTurns;
        (x, read) = contextNorm.AfterResidual(x, y, m[2], context.Precision);
        y = context.Forward(read, given.Text[block], given.Image[block]);
        (x, read) = audioNorm.AfterResidual(x, y, null, audio.Precision);
        y = audio.Forward(read, given.Audio.Blocks[block], grid.Frames, turns);
        (x, read) = NormModulate.AfterResidual(x, y, null, m[4] + 1, m[3], config.Epsilon, expand.Precision);
        y = contract.Forward(GeluQuantise.Apply(expand.Forward(read), contract.Precision));
        return new Unsummed(x.MoveToOuterDisposeScope(), y.MoveToOuterDisposeScope(), m[5].MoveToOuterDisposeScope());
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

    public void Dispose()
    {
        X.Dispose();
        Y?.Dispose();
        Gate?.Dispose();
    }
}
