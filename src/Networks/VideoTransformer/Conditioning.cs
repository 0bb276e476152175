namespace Locutor.Networks.VideoTransformer;

/// <summary>What steers a pass and does not change between steps: keys and values per block.</summary>
public sealed record Conditioning(IReadOnlyList<KeysValues> Text, IReadOnlyList<KeysValues> Image, AudioConditioning Audio);

/// <summary>Audio keys and values per block; with two people also where they are.</summary>
public sealed record AudioConditioning(IReadOnlyList<KeysValues> Blocks, SpeakerMasks? Speakers);
