using Locutor.Networks.ClipVision;
using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Networks.Wav2Vec2;

namespace Locutor.Training;

/// <summary>The sizes of the networks of the small model.</summary>
public sealed record SketchNetworks(
    VideoAutoencoderConfig Autoencoder, Wav2Vec2Config Speech, ClipVisionConfig Image, UmT5Config Text, VideoTransformerConfig Transformer,
    FaceUpsamplerConfig Upsampler)
{
    /// <summary>
    /// The sizes of the shipped networks. One feature of the speech encoder is computed from exactly the 640 samples of one video frame.
    /// A picture becomes 16 x 16 patches and a class token, as the transformer expects. The decoder ends at half the resolution and
    /// computes squares of 2 x 2 pixels, which takes less than half of the arithmetic of the encoder's widths.
    /// </summary>
    public static SketchNetworks Shipped { get; } = Create(
        width: 32, decoder: [48, 128, 128], speech: 128, convolutions: [32, 64, 64, 96, 128, 128, 128], image: 64, transformer: 256,
        blocks: 6, upsampler: 48);

    /// <summary>Sizes with the structure of the shipped networks, but small enough to be trained in a test.</summary>
    public static SketchNetworks Toy { get; } = Create(
        width: 8, decoder: [12, 32, 32], speech: 32, convolutions: [8, 16, 16, 16, 32, 32, 32], image: 32, transformer: 48, blocks: 2,
        upsampler: 8);

    private static SketchNetworks Create(
        int width, int[] decoder, int speech, int[] convolutions, int image, int transformer, int blocks, int upsampler)
    {
        const int latent = 16, speechBlocks = 4, text = 64;
        return new SketchNetworks(
            new VideoAutoencoderConfig(
                width, latent, [1, 2, 4, 4], 1, [false, true, true], new float[latent], [.. Enumerable.Repeat(1f, latent)])
            {
                DecoderWidths = decoder,
            },
            new Wav2Vec2Config(
                speech, 4, speechBlocks, 4 * speech, convolutions, [10, 3, 3, 3, 3, 3, 3], [5, 2, 2, 2, 2, 2, 2], PositionKernel: 32,
                PositionGroups: 8),
            new ClipVisionConfig(ImageSize: 112, PatchSize: 7, image, 2, 3),
            new UmT5Config(Vocabulary: 512, text, text, 2 * text, 2, 2),
            new VideoTransformerConfig(transformer, 4 * transformer, 4, blocks, text, TextTokens: 24, image, speechBlocks, speech,
                AudioHidden: transformer, AudioWidth: 128, AudioTokens: 8),
            new FaceUpsamplerConfig(upsampler, Blocks: 3, Factor: 4));
    }
}
