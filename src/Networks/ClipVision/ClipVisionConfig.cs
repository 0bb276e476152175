namespace Locutor.Networks.ClipVision;

/// <summary>Sizes of a CLIP vision tower.</summary>
/// <param name="ImageSize">Height and width to which a picture is resized.</param>
/// <param name="PatchSize">Height and width of what becomes one token; must divide <paramref name="ImageSize"/>.</param>
/// <param name="Width">Of a token.</param>
/// <param name="Heads">Of every attention.</param>
/// <param name="Blocks">That a checkpoint holds; the last one is not used.</param>
/// <param name="Expansion">Width inside the feed-forward, as a multiple of <paramref name="Width"/>.</param>
public sealed record ClipVisionConfig(int ImageSize, int PatchSize, int Width, int Heads, int Blocks, int Expansion = 4)
{
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>ViT-H/14 of open-clip-xlm-roberta-large-vit-huge-14: 0.63 B parameters.</summary>
    public static ClipVisionConfig VitH14 { get; } = new(ImageSize: 224, PatchSize: 14, Width: 1280, Heads: 16, Blocks: 32);

    /// <summary>Patches of a picture and the class token.</summary>
    public int Tokens() => ImageSize / PatchSize * (ImageSize / PatchSize) + 1;
}
