namespace Locutor.Networks.UmT5;

/// <summary>Sizes of an umT5 encoder.</summary>
/// <param name="Vocabulary">Number of tokens.</param>
/// <param name="Width">Of a token.</param>
/// <param name="AttentionWidth">All heads together.</param>
/// <param name="FeedForward">Width inside the gated feed-forward.</param>
/// <param name="Heads">Of every attention.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="Buckets">Of relative positions, both directions together; a multiple of 4.</param>
public sealed record UmT5Config(int Vocabulary, int Width, int AttentionWidth, int FeedForward, int Heads, int Blocks, int Buckets = 32)
{
    /// <summary>Positions farther apart than this share the last bucket.</summary>
    public int MaxDistance { get; init; } = 128;

    public double Epsilon { get; init; } = 1e-6;

    /// <summary>umT5-XXL: 5.68 B parameters.</summary>
    public static UmT5Config Xxl { get; } = new(Vocabulary: 256384, Width: 4096, AttentionWidth: 4096, FeedForward: 10240, Heads: 64, Blocks: 24);
}
