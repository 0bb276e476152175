using Locutor.Torch.Cuda;
using TorchSharp;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <content>Coding of whole videos in chunks and tiles that fit into memory. The results are equal up to rounding.</content>
public sealed partial class VideoAutoencoder
{
    /// <summary>
    /// Values at full resolution that a chunk has on a CPU: 20 frames of 128 x 128 with a width of 32, so that a clip of 33 frames has two
    /// chunks. Chunks of 8 frames take 5 to 12 % more CPU time and need 60 MiB less; a whole clip at once takes 2 to 5 % less.
    /// </summary>
    private const long ValuesOnCpu = 20 * 128 * 128 * UsualWidth;

    /// <summary>Narrower networks get longer chunks. Wider ones get no shorter chunks: their weights need more memory.</summary>
    private const int UsualWidth = 32;

    private long? budget;

    /// <summary>
    /// Bytes that coding may use in addition to the parameters. By default: half of a GPU's free memory at the first call of
    /// <see cref="Plan"/>, and no limit on a CPU.
    /// </summary>
    public long? MemoryBudget { get => budget; init => budget = value; }

    /// <summary>Plans the coding of a video: chunks as long as fit into memory, and tiles if not even one latent frame fits.</summary>
    /// <param name="frames">Frames of the video.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    public TilingPlan Plan(long frames, long height, long width)
    {
        bool gpu = weights.Device.type == DeviceType.CUDA;
        // later, the driver counts memory that libtorch caches as used
        if (gpu) budget ??= CudaDriver.Memory(Math.Max(0, weights.Device.index)).Free / 2;
        long stride = Config.TemporalStride(), longest = ValuesOnCpu / (stride * height * width * Math.Min(Config.Width, UsualWidth));
        longest = Math.Max(1, longest);
        var plan = budget is { } bytes
            ? TilingPlan.Within(
                Config, decoder.Split().After.Layers, (frames - 1) / stride + 1, height, width, weights.Type == ScalarType.Float32 ? 4 : 2,
                bytes)
            : new TilingPlan((int)longest);
        return gpu ? plan : plan with { Latents = EqualParts((frames - 1) / stride + 1, Math.Min(plan.Latents, longest)) };
    }

    /// <summary>
    /// Returns the length of chunks of about equal length: oneDNN prepares every operation for each length that occurs.
    /// </summary>
    private static int EqualParts(long latents, long longest)
    {
        long parts = (latents + longest - 1) / longest;
        return (int)((latents + parts - 1) / parts);
    }

    /// <summary>Encodes a whole video to the normalised mean of its latent.</summary>
    /// <param name="video">[B, 3, 4k + 1, H, W] in [-1, 1].</param>
    /// <param name="plan">Chunks and tiles.</param>
    /// <param name="cancellationToken">Checked before each chunk.</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor Encode(Tensor video, TilingPlan plan, CancellationToken cancellationToken = default)
    {
        CheckVideo(video);
        CheckLength(video.shape[2], nameof(video));
        long stride = Config.TemporalStride(), step = plan.Latents * stride, first = Math.Min(video.shape[2], step - stride + 1);
        if (!plan.Tiled && video.shape[2] == first) return EncodeChunk(video, null);
        return Scoped(() =>
        {
            List<Tensor> chunks = [video.narrow(2, 0, first)];
            for (long start = first; start < video.shape[2]; start += step)
                chunks.Add(video.narrow(2, start, Math.Min(step, video.shape[2] - start)));
            return EncodeChunks(chunks, plan, repeats: false, cancellationToken);
        });
    }

    /// <summary>Encodes a picture that is followed by blank frames (zeros), in one chunk for each latent frame.</summary>
    /// <inheritdoc cref="EncodePictureThenBlank(Tensor, long, TilingPlan, CancellationToken)"/>
    public Tensor EncodePictureThenBlank(Tensor picture, long frames) => EncodePictureThenBlank(picture, frames, new TilingPlan(1));

    /// <summary>
    /// Encodes a picture that is followed by blank frames (zeros). The result equals that of chunks of one latent frame, bit for bit, but
    /// every layer stops computing once its cached frames are blank.
    /// </summary>
    /// <param name="picture">[B, 3, 1, H, W] in [-1, 1].</param>
    /// <param name="frames">4k + 1, including the picture.</param>
    /// <param name="plan">Tiles.</param>
    /// <param name="cancellationToken">Checked before each chunk.</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor EncodePictureThenBlank(Tensor picture, long frames, TilingPlan plan, CancellationToken cancellationToken = default) =>
        EncodeStill(picture, first => Layout.ZerosLike(first, Config.TemporalStride()), frames, plan, cancellationToken);

    /// <summary>
    /// Encodes a picture that is held still. The result equals that of chunks of one latent frame, bit for bit, but every layer stops
    /// computing once its input and its cached frames repeat.
    /// </summary>
    /// <inheritdoc cref="EncodePictureThenBlank(Tensor, long, TilingPlan, CancellationToken)"/>
    public Tensor EncodeHeldPicture(Tensor picture, long frames, TilingPlan plan, CancellationToken cancellationToken = default) =>
        EncodeStill(picture, first => first.expand(-1, -1, Config.TemporalStride(), -1, -1), frames, plan, cancellationToken);

    /// <summary>Encodes a picture and equal chunks of as many frames as a latent frame covers.</summary>
    private Tensor EncodeStill(
        Tensor picture, Func<Tensor, Tensor> next, long frames, TilingPlan plan, CancellationToken cancellationToken)
    {
        CheckVideo(picture);
        CheckLength(frames, nameof(frames));
        return Scoped(() =>
        {
            var first = Layout.ChannelsLast(picture.to(weights.Type));
            var chunk = next(first);
            int chunks = (int)((frames - 1) / Config.TemporalStride());
            return EncodeChunks([first, .. Enumerable.Repeat(chunk, chunks)], plan, repeats: true, cancellationToken);
        });
    }

    /// <summary>Decodes a whole latent.</summary>
    /// <param name="latent">[B, 16, k + 1, h, w]</param>
    /// <param name="plan">Chunks and tiles.</param>
    /// <param name="cancellationToken">Checked before each layer.</param>
    /// <returns>[B, 3, 4k + 1, 8h, 8w], about in [-1, 1], not clamped.</returns>
    public Tensor Decode(Tensor latent, TilingPlan plan, CancellationToken cancellationToken = default) => Scoped(() =>
    {
        if (UsesStrips(latent, plan)) return DecodeInStrips(latent, plan, cancellationToken);
        var (low, high) = plan.Tiled ? decoder.Split() : (decoder, null);
        List<Tensor> chunks = [.. DecodeChunks(latent, plan.Latents, low, cancellationToken)];
        return cat([.. high is null ? chunks : Tiles.Forward(high, chunks, plan, weights.Type, repeats: false, cancellationToken)], 2);
    });

    private Tensor EncodeChunks(
        IReadOnlyList<Tensor> chunks, TilingPlan plan, bool repeats, CancellationToken cancellationToken) => Scoped(() =>
    {
        var (high, low) = plan.Tiled ? encoder.Split() : (null, encoder);
        var features = high is null ? chunks : Tiles.Forward(high, chunks, plan, weights.Type, repeats, cancellationToken);
        using var cache = new CausalCache();
        using var repeating = repeats ? new RepeatingStack(low, cache) : null;
        List<Tensor> latents = [];
        foreach (var chunk in features)
        {
            cancellationToken.ThrowIfCancellationRequested();
            latents.Add(Scoped(() =>
            {
                var x = high is null ? Layout.ChannelsLast(chunk.to(weights.Type)) : chunk;
                return ToLatent(repeating?.Forward(x) ?? low.Forward(x, cache, cancellationToken)!);
            }));
        }

        return cat(latents, 2);
    });
}
