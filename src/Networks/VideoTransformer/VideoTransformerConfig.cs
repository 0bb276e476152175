using System.Text.Json.Serialization;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Sizes of a video transformer with an audio adapter.</summary>
/// <param name="Width">Of a token.</param>
/// <param name="FeedForward">Width inside the feed-forward of a block.</param>
/// <param name="Heads">Of every attention; <paramref name="Width"/> / Heads must be even.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="TextWidth">Of a text encoder's embedding.</param>
/// <param name="TextTokens">Text is padded with zeros to this many tokens.</param>
/// <param name="ImageWidth">Of a picture encoder's token.</param>
/// <param name="AudioBlocks">Blocks of the speech encoder whose outputs are stacked.</param>
/// <param name="AudioChannels">Width of the speech encoder.</param>
/// <param name="AudioHidden">Width inside the audio projection.</param>
/// <param name="AudioWidth">Of an audio token.</param>
/// <param name="AudioTokens">Per latent frame and person.</param>
/// <param name="TimeWidth">Of the sinusoidal time embedding.</param>
public sealed record VideoTransformerConfig(
    long Width,
    long FeedForward,
    int Heads,
    int Blocks,
    long TextWidth,
    long TextTokens,
    long ImageWidth,
    int AudioBlocks,
    int AudioChannels,
    long AudioHidden,
    long AudioWidth,
    int AudioTokens,
    int TimeWidth = 256)
{
    /// <summary>Channels of a latent, which the network reads and whose velocity it predicts.</summary>
    public int LatentChannels { get; init; } = 16;

    /// <summary>Channels of what stands beside the latent: 4 of the conditioning mask, then those of the reference latent.</summary>
    public int ConditioningChannels { get; init; } = 20;

    /// <summary>Latent pixels (height and width) that make one token.</summary>
    public int Patch { get; init; } = 2;

    /// <summary>Frames of the speech embedding around a video frame.</summary>
    public int AudioWindow { get; init; } = 5;

    /// <summary>Video frames of one latent frame, after the first.</summary>
    public int TemporalStride { get; init; } = 4;

    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Wan 2.1 I2V 14 B with the InfiniteTalk audio adapter: 18.88 B parameters.</summary>
    public static VideoTransformerConfig Wan14B { get; } = new(
        Width: 5120, FeedForward: 13824, Heads: 40, Blocks: 40, TextWidth: 4096, TextTokens: 512, ImageWidth: 1280,
        AudioBlocks: 12, AudioChannels: 768, AudioHidden: 512, AudioWidth: 768, AudioTokens: 32);

    [JsonIgnore]
    public long HeadWidth => Width / Heads;

    /// <summary>Window entries that a latent frame after the first takes from its video frames.</summary>
    [JsonIgnore]
    public int LaterAudioWindow => AudioWindow + TemporalStride - 1;
}
