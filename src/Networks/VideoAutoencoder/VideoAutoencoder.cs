using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// The causal video autoencoder of Wan 2.1 (arXiv:2503.20314): 4k + 1 frames become k + 1 latent frames of an eighth of the height
/// and width. No frame sees a later one, so a video can go through in chunks of any length with a <see cref="CausalCache"/>, and
/// comes out as if it had gone through whole.
/// </summary>
public sealed partial class VideoAutoencoder
{
    private readonly Weights weights;
    private readonly CausalStack encoder;
    private readonly CausalConv3d toMoments;
    private readonly CausalConv3d fromLatent;
    private readonly CausalStack decoder;

    public VideoAutoencoder(Weights weights, VideoAutoencoderConfig config)
    {
        config.Validate();
        Config = config;
        this.weights = weights;
        encoder = Coders.Encoder(weights["encoder"], config);
        toMoments = new(weights["conv1"], 2 * config.LatentChannels, 2 * config.LatentChannels, 1, 1);
        fromLatent = new(weights["conv2"], config.LatentChannels, config.LatentChannels, 1, 1);
        decoder = Coders.Decoder(weights["decoder"], config);
    }

    public VideoAutoencoderConfig Config { get; }

    /// <summary>The mean of the latent, normalised, of a whole video.</summary>
    /// <param name="video">[B, 3, 4k + 1, H, W] in [-1, 1]; H and W divisible by 8 (for the release's strides).</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor Encode(Tensor video)
    {
        CheckVideo(video);
        CheckLength(video.shape[2], nameof(video));
        return EncodeChunk(video, null);
    }

    /// <summary>
    /// The same for the next frames of a video. A latent frame appears with the last frame that it covers, so a chunk may bring none
    /// (then the answer has 0 frames).
    /// </summary>
    /// <param name="video">[B, 3, any, H, W]</param>
    public Tensor Encode(Tensor video, CausalCache cache) => EncodeChunk(video, cache);

    /// <summary>The same as of a whole video, in chunks: memory beside the latent grows with a chunk, not with the video.</summary>
    /// <param name="video">[B, 3, 4k + 1, H, W]</param>
    /// <param name="frames">Of one chunk, at least 1; a multiple of 4 wastes nothing.</param>
    public Tensor EncodeInChunks(Tensor video, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        CheckLength(video.shape[2], nameof(video));
        using var scope = NewDisposeScope();
        using var cache = new CausalCache();
        List<Tensor> latents = [EncodeChunk(video.narrow(2, 0, 1), cache)];
        for (long start = 1; start < video.shape[2]; start += frames)
            latents.Add(EncodeChunk(video.narrow(2, start, Math.Min(frames, video.shape[2] - start)), cache));
        return cat(latents, 2).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The latent of a picture followed by blank (0) frames, bit for bit what <see cref="EncodeInChunks"/> with chunks of 4 says, but
    /// every layer stops computing once its history holds nothing but blankness.
    /// </summary>
    /// <param name="picture">[B, 3, 1, H, W]</param>
    /// <param name="frames">4k + 1, the picture among them.</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor EncodePictureThenBlank(Tensor picture, long frames) => EncodePictureThenBlank(picture, frames, new CodingPlan(1));

    /// <summary>Pixels of a whole latent, about in [-1, 1], not clamped.</summary>
    /// <param name="latent">[B, 16, k + 1, h, w]</param>
    /// <returns>[B, 3, 4k + 1, 8h, 8w]</returns>
    public Tensor Decode(Tensor latent) => DecodeChunk(latent, null, decoder, default);

    /// <summary>The same for the next latent frames of a video: the first brings 1 frame, each later one 4.</summary>
    public Tensor Decode(Tensor latent, CausalCache cache) => DecodeChunk(latent, cache, decoder, default);

    /// <summary>The pixels in chunks, so that memory does not grow with length. Each chunk is the caller's to dispose.</summary>
    /// <param name="latent">[B, 16, k + 1, h, w]; must live until the last chunk was taken.</param>
    /// <param name="latentFrames">Of one chunk, at least 1.</param>
    public IEnumerable<Tensor> DecodeChunks(Tensor latent, int latentFrames, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latentFrames, 1);
        return DecodeChunks(latent, latentFrames, decoder, ct);
    }

    private IEnumerable<Tensor> DecodeChunks(Tensor latent, int latentFrames, CausalStack layers, CancellationToken ct)
    {
        using var cache = new CausalCache();
        for (long start = 0; start < latent.shape[2]; start += latentFrames)
        {
            using var part = latent.narrow(2, start, Math.Min(latentFrames, latent.shape[2] - start));
            yield return DecodeChunk(part, cache, layers, ct);
        }
    }

    private Tensor EncodeChunk(Tensor video, CausalCache? cache)
    {
        CheckVideo(video);
        using var scope = NewDisposeScope();
        var moments = encoder.Forward(Layout.ChannelsLast(video.to(weights.Type)), cache); // [B, 32, t, h, w]
        if (moments is not null) return ToLatent(moments).MoveToOuterDisposeScope();
        int stride = Config.SpatialStride();
        return zeros([video.shape[0], Config.LatentChannels, 0, video.shape[3] / stride, video.shape[4] / stride], weights.Type, weights.Device).MoveToOuterDisposeScope();
    }

    private Tensor ToLatent(Tensor moments)
    {
        using var scope = NewDisposeScope();
        var mean = toMoments.Forward(moments, null).narrow(1, 0, Config.LatentChannels);
        return ((mean - PerChannel(Config.LatentMean)) * PerChannel(Config.LatentStd).reciprocal()).to(weights.Type).MoveToOuterDisposeScope();
    }

    private Tensor DecodeChunk(Tensor latent, CausalCache? cache, CausalStack layers, CancellationToken ct)
    {
        if (latent.dim() != 5 || latent.shape[1] != Config.LatentChannels || latent.numel() == 0)
            throw new ArgumentException($"expected [B, {Config.LatentChannels}, t, h, w], found [{string.Join(", ", latent.shape)}]", nameof(latent));
        using var scope = NewDisposeScope();
        return layers.Forward(FromLatent(latent), cache, ct)!.MoveToOuterDisposeScope();
    }

    private Tensor FromLatent(Tensor latent)
    {
        using var scope = NewDisposeScope();
        var z = (latent * PerChannel(Config.LatentStd) + PerChannel(Config.LatentMean)).to(weights.Type);
        return fromLatent.Forward(Layout.ChannelsLast(z), null).MoveToOuterDisposeScope();
    }

    private void CheckVideo(Tensor video)
    {
        int stride = Config.SpatialStride();
        if (video.dim() != 5 || video.shape[1] != 3 || video.shape[3] % stride != 0 || video.shape[4] % stride != 0 || video.numel() == 0)
            throw new ArgumentException($"expected [B, 3, T, H, W] with H and W divisible by {stride}, found [{string.Join(", ", video.shape)}]", nameof(video));
    }

    private void CheckLength(long frames, string name)
    {
        if (frames < 1 || (frames - 1) % Config.TemporalStride() != 0)
            throw new ArgumentException($"expected 1 frame more than a multiple of {Config.TemporalStride()}, found {frames}", name);
    }

    // [16] to [1, 16, 1, 1, 1]
    private Tensor PerChannel(IReadOnlyList<float> values) => tensor(values.ToArray(), device: weights.Device).view(1, -1, 1, 1, 1);
}
