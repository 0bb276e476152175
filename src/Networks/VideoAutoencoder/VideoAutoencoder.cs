using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// The causal video autoencoder of Wan 2.1 (arXiv:2503.20314). It encodes 4k + 1 frames to k + 1 latent frames of an eighth of the height
/// and width. No frame depends on a later one, so a video can be coded in chunks of any length with a <see cref="CausalCache"/>, with equal
/// results. Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 483, at commit 0107cd9.
/// </summary>
public sealed partial class VideoAutoencoder
{
    private readonly Weights weights;
    private readonly CausalStack encoder;
    private readonly CausalConv3d toMoments;
    private readonly CausalConv3d fromLatent;
    private readonly CausalStack decoder;

    /// <summary>Creates the network.</summary>
    /// <param name="weights">Root of its parameters.</param>
    /// <param name="config">Sizes of the network.</param>
    public VideoAutoencoder(Weights weights, VideoAutoencoderConfig config)
    {
        config.Validate();
        Config = config;
        this.weights = weights;
        encoder = AutoencoderStacks.Encoder(weights["encoder"], config);
        toMoments = new(weights["conv1"], 2 * config.LatentChannels, 2 * config.LatentChannels, 1, 1);
        fromLatent = new(weights["conv2"], config.LatentChannels, config.LatentChannels, 1, 1);
        decoder = AutoencoderStacks.Decoder(weights["decoder"], config);
    }

    /// <summary>Sizes of the network.</summary>
    public VideoAutoencoderConfig Config { get; }

    /// <summary>Encodes a whole video to the normalised mean of its latent.</summary>
    /// <param name="video">[B, 3, 4k + 1, H, W] in [-1, 1]; H and W are divisible by 8 (with the strides of Wan 2.1).</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor Encode(Tensor video)
    {
        CheckVideo(video);
        CheckLength(video.shape[2], nameof(video));
        return EncodeChunk(video, null);
    }

    /// <summary>
    /// Encodes the next chunk of a video. A latent frame is complete with the last frame that it covers, so a chunk may complete none.
    /// </summary>
    /// <param name="video">[B, 3, any, H, W] in [-1, 1].</param>
    /// <param name="cache">Cache of this video.</param>
    /// <returns>[B, 16, complete latent frames, H / 8, W / 8]</returns>
    public Tensor Encode(Tensor video, CausalCache cache) => EncodeChunk(video, cache);

    /// <summary>Decodes a whole latent.</summary>
    /// <param name="latent">[B, 16, k + 1, h, w]</param>
    /// <returns>[B, 3, 4k + 1, 8h, 8w], about in [-1, 1], not clamped.</returns>
    public Tensor Decode(Tensor latent) => DecodeChunk(latent, null, decoder, default);

    /// <summary>Decodes the next latent frames of a video: the first gives one frame, each later one four.</summary>
    /// <param name="latent">[B, 16, latent frames, h, w]</param>
    /// <param name="cache">Cache of this video.</param>
    public Tensor Decode(Tensor latent, CausalCache cache) => DecodeChunk(latent, cache, decoder, default);

    /// <summary>Decodes a latent chunk by chunk, so that memory does not grow with its length. The caller disposes of each chunk.</summary>
    /// <param name="latent">[B, 16, k + 1, h, w]; it must live until the last chunk is decoded.</param>
    /// <param name="latentFrames">Latent frames of one chunk, at least 1.</param>
    /// <param name="cancellationToken">Checked before each layer.</param>
    public IEnumerable<Tensor> DecodeChunks(Tensor latent, int latentFrames, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latentFrames, 1);
        return DecodeChunks(latent, latentFrames, decoder, cancellationToken);
    }

    private IEnumerable<Tensor> DecodeChunks(Tensor latent, int latentFrames, CausalStack layers, CancellationToken cancellationToken)
    {
        using var cache = new CausalCache();
        for (long start = 0; start < latent.shape[2]; start += latentFrames)
        {
            using var chunk = latent.narrow(2, start, Math.Min(latentFrames, latent.shape[2] - start));
            yield return DecodeChunk(chunk, cache, layers, cancellationToken);
        }
    }

    private Tensor EncodeChunk(Tensor video, CausalCache? cache)
    {
        CheckVideo(video);
        return Scoped(() =>
        {
            var moments = encoder.Forward(Layout.ChannelsLast(video.to(weights.Type)), cache); // [B, 32, t, h, w]
            int stride = Config.SpatialStride();
            return moments is not null
                ? ToLatent(moments)
                : zeros(
                    [video.shape[0], Config.LatentChannels, 0, video.shape[3] / stride, video.shape[4] / stride], weights.Type,
                    weights.Device);
        });
    }

    /// <summary>Normalises the mean of the moments. Reference: encode, line 516.</summary>
    private Tensor ToLatent(Tensor moments) => Scoped(() =>
    {
        var mean = toMoments.Forward(moments, null).narrow(1, 0, Config.LatentChannels);
        return ((mean - PerChannel(Config.LatentMean)) * PerChannel(Config.LatentStd).reciprocal()).to(weights.Type);
    });

    private Tensor DecodeChunk(Tensor latent, CausalCache? cache, CausalStack layers, CancellationToken cancellationToken)
    {
        if (latent.dim() != 5 || latent.shape[1] != Config.LatentChannels || latent.numel() == 0)
        {
            throw new ArgumentException(
                $"expected [B, {Config.LatentChannels}, t, h, w], found [{string.Join(", ", latent.shape)}]", nameof(latent));
        }

        return Scoped(() => layers.Forward(FromLatent(latent), cache, cancellationToken)!);
    }

    /// <summary>Undoes the normalisation of the latent. Reference: decode, line 544.</summary>
    private Tensor FromLatent(Tensor latent) => Scoped(() =>
    {
        var z = (latent * PerChannel(Config.LatentStd) + PerChannel(Config.LatentMean)).to(weights.Type);
        return fromLatent.Forward(Layout.ChannelsLast(z), null);
    });

    private void CheckVideo(Tensor video)
    {
        int stride = Config.SpatialStride();
        if (video.dim() != 5 || video.shape[1] != 3 || video.shape[3] % stride != 0 || video.shape[4] % stride != 0 || video.numel() == 0)
        {
            throw new ArgumentException(
                $"expected [B, 3, T, H, W] with H and W divisible by {stride}, found [{string.Join(", ", video.shape)}]", nameof(video));
        }
    }

    private void CheckLength(long frames, string name)
    {
        if (frames < 1 || (frames - 1) % Config.TemporalStride() != 0)
            throw new ArgumentException($"expected 1 frame more than a multiple of {Config.TemporalStride()}, found {frames}", name);
    }

    /// <summary>Returns values for each latent channel as [1, 16, 1, 1, 1].</summary>
    private Tensor PerChannel(IReadOnlyList<float> values) => tensor(values.ToArray(), device: weights.Device).view(1, -1, 1, 1, 1);
}
