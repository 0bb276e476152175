using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Embedded text, picture or speech that every block still has to turn into keys and values (<see cref="VideoTransformer.Project"/>).
/// </summary>
public sealed class BlockTokens : IDisposable
{
    private readonly Tensor tokens;
    private readonly RotaryTable? turns;

    internal BlockTokens(Tensor tokens, Func<TransformerBlock, Tensor, RotaryTable?, KeysValues> project, RotaryTable? turns = null)
    {
        (this.tokens, this.turns) = (tokens.DetachFromDisposeScope(), turns);
        Project = block => project(block, this.tokens, turns);
    }

    internal Func<TransformerBlock, KeysValues> Project { get; }

    public void Dispose()
    {
        tokens.Dispose();
        turns?.Dispose();
    }
}
