using Locutor.Kernels;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Keys and values that condition a pass. They stay the same for all steps of a clip.</summary>
/// <param name="Text">Keys and values of the text, one entry for each block.</param>
/// <param name="Image">Keys and values of the image, one entry for each block.</param>
/// <param name="Audio">Keys and values of the speech.</param>
public sealed record Conditioning(IReadOnlyList<KeysValues> Text, IReadOnlyList<KeysValues> Image, AudioConditioning Audio)
{
    /// <summary>The tiles that the self attention of each block reads; null: all.</summary>
    public IReadOnlyList<VisitedTiles>? Tiles { get; init; }
}

/// <summary>Keys and values of the speech, and the positions of two people.</summary>
/// <param name="Blocks">One entry for each block.</param>
/// <param name="Speakers">Masks of two people; null with one.</param>
public sealed record AudioConditioning(IReadOnlyList<KeysValues> Blocks, SpeakerMasks? Speakers);
