namespace Locutor.Networks.UmT5;

/// <summary>Sizes of an umT5 encoder.</summary>
/// <param name="Vocabulary">Number of different tokens.</param>
/// <param name="Width">Channels of a token.</param>
/// <param name="AttentionWidth">Channels of all heads together.</param>
/// <param name="FeedForward">Channels inside the gated feed-forward.</param>
/// <param name="Heads">Heads of every attention.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="Buckets">Buckets of relative positions, for both directions together; a multiple of 4.</param>
public sealed record UmT5Config(int Vocabulary, int Width, int AttentionWidth, int FeedForward, int Heads, int Blocks, int Buckets = 32)
{
    /// <summary>Distance beyond which all positions share the last bucket.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>Epsilon of the norms.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>umT5-XXL: 5.68 billion parameters.</summary>
    public static UmT5Config Xxl { get; } = new(
        Vocabulary: 256384, Width: 4096, AttentionWidth: 4096, FeedForward: 10240, Heads: 64, Blocks: 24);
}
