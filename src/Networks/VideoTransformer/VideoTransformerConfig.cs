using System.Text.Json.Serialization;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Sizes of a video transformer with an audio adapter.</summary>
/// <param name="Width">Channels of a token.</param>
/// <param name="FeedForward">Channels inside the feed-forward of a block.</param>
/// <param name="Heads">Heads of every attention; <paramref name="Width"/> / Heads must be even.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="TextWidth">Channels of the text embedding.</param>
/// <param name="TextTokens">Number of tokens to which text is padded with zeros.</param>
/// <param name="ImageWidth">Channels of the image encoder's tokens.</param>
/// <param name="AudioBlocks">Number of speech encoder blocks whose outputs are stacked.</param>
/// <param name="AudioChannels">Channels of the speech encoder.</param>
/// <param name="AudioHidden">Channels inside the audio projection.</param>
/// <param name="AudioWidth">Channels of an audio token.</param>
/// <param name="AudioTokens">Audio tokens for each latent frame and person.</param>
/// <param name="TimeWidth">Channels of the sinusoidal time embedding.</param>
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
    /// <summary>Channels of the latent and of the predicted velocity.</summary>
    public int LatentChannels { get; init; } = 16;

    /// <summary>Channels that condition the latent: 4 of the conditioning mask, then those of the reference latent.</summary>
    public int ConditioningChannels { get; init; } = 20;

    /// <summary>Height and width of a patch in latent pixels; one patch becomes one token.</summary>
    public int Patch { get; init; } = 2;

    /// <summary>Frames of the speech embedding around a video frame.</summary>
    public int AudioWindow { get; init; } = 5;

    /// <summary>Video frames that a latent frame covers, except the first, which covers one.</summary>
    public int TemporalStride { get; init; } = 4;

    /// <summary>Epsilon of the norms.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Wan 2.1 I2V 14B with the InfiniteTalk audio adapter: 18.88 billion parameters.</summary>
    public static VideoTransformerConfig Wan14B { get; } = new(
        Width: 5120, FeedForward: 13824, Heads: 40, Blocks: 40, TextWidth: 4096, TextTokens: 512, ImageWidth: 1280,
        AudioBlocks: 12, AudioChannels: 768, AudioHidden: 512, AudioWidth: 768, AudioTokens: 32);

    /// <summary>Channels of one head.</summary>
    [JsonIgnore]
    public long HeadWidth => Width / Heads;

    /// <summary>Window entries that a latent frame after the first takes from its video frames.</summary>
    [JsonIgnore]
    public int LaterAudioWindow => AudioWindow + TemporalStride - 1;
}
