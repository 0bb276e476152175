using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Embedded text, image or speech, from which every block computes its keys and values (<see cref="VideoTransformer.Project"/>).
/// </summary>
public sealed class BlockTokens : IDisposable
{
    private readonly Tensor tokens;
    private readonly RotaryTable? rotary;

    /// <summary>Takes ownership of the tokens and the table.</summary>
    internal BlockTokens(Tensor tokens, Func<TransformerBlock, Tensor, RotaryTable?, KeysValues> project, RotaryTable? rotary = null)
    {
        (this.tokens, this.rotary) = (tokens, rotary);
        Project = block => project(block, tokens, rotary);
    }

    /// <summary>Computes the keys and values for one block.</summary>
    internal Func<TransformerBlock, KeysValues> Project { get; }

    public void Dispose()
    {
        tokens.Dispose();
        rotary?.Dispose();
    }
}
