namespace Locutor.Networks.ClipVision;

/// <summary>Sizes of a CLIP vision encoder.</summary>
/// <param name="ImageSize">Height and width to which an image is resized.</param>
/// <param name="PatchSize">Height and width of a patch, which becomes one token; must divide <paramref name="ImageSize"/>.</param>
/// <param name="Width">Channels of a token.</param>
/// <param name="Heads">Heads of every attention.</param>
/// <param name="Blocks">Blocks in a checkpoint; the last one is not used.</param>
/// <param name="Expansion">Channels inside the feed-forward, as a multiple of <paramref name="Width"/>.</param>
public sealed record ClipVisionConfig(int ImageSize, int PatchSize, int Width, int Heads, int Blocks, int Expansion = 4)
{
    /// <summary>Epsilon of the norms.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>ViT-H/14 of open-clip-xlm-roberta-large-vit-huge-14: 0.63 billion parameters.</summary>
    public static ClipVisionConfig VitH14 { get; } = new(ImageSize: 224, PatchSize: 14, Width: 1280, Heads: 16, Blocks: 32);

    /// <summary>Number of tokens of an image: the class token and the patches.</summary>
    public int Tokens() => ImageSize / PatchSize * (ImageSize / PatchSize) + 1;
}
