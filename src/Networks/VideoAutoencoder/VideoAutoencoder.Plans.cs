using Locutor.Torch.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Whole videos in whatever parts fit into memory; each way says the same to rounding.</summary>
public sealed partial class VideoAutoencoder
{
    /// <summary>
    /// Of a chunk on a CPU: 8 frames of 128x128. Larger ones are no faster, and the memory of their buffers grows.
    /// </summary>
    private const long PixelsOnProcessor = 8 * 128 * 128;

    private long? room;

    /// <summary>
    /// Bytes that coding may take beside the parameters. When nobody says: half of what a GPU has free when the first video comes, and
    /// no limit on a processor.
    /// </summary>
    public long? Room { get => room; init => room = value; }

    /// <summary>As long chunks as fit, and tiles where not even one latent frame does.</summary>
    /// <param name="frames">Of the video.</param>
    /// <param name="height">Of the pixels.</param>
    /// <param name="width">Of the pixels.</param>
    public CodingPlan Plan(long frames, long height, long width)
    {
        bool gpu = weights.Device.type == DeviceType.CUDA;
        // Later, libtorch keeps what the other networks used, which the driver takes for lost.
        if (gpu) room ??= CudaDriver.Memory(Math.Max(0, weights.Device.index)).Free / 2;
        long stride = Config.TemporalStride(), atOnce = Math.Max(1, PixelsOnProcessor / (stride * height * width));
        var plan = room is not { } bytes ? new CodingPlan((int)atOnce)
            : CodingPlan.Within(Config, decoder.Split().After.Layers, (frames - 1) / stride + 1, height, width, weights.Type == ScalarType.Float32 ? 4 : 2, bytes);
        return gpu ? plan : plan with { Latents = (int)Math.Min(plan.Latents, atOnce) };
    }

    /// <summary>The mean of the latent, normalised, of a whole video.</summary>
    /// <param name="video">[B, 3, 4k + 1, H, W] in [-1, 1]</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor Encode(Tensor video, CodingPlan plan, CancellationToken ct = default)
    {
        CheckVideo(video);
        CheckLength(video.shape[2], nameof(video));
        long stride = Config.TemporalStride(), step = plan.Latents * stride;
        if (!plan.Tiled && video.shape[2] <= step - stride + 1) return EncodeChunk(video, null);
        using var scope = NewDisposeScope();
        List<Tensor> chunks = [video.narrow(2, 0, Math.Min(video.shape[2], step - stride + 1))];
        for (long start = chunks[0].shape[2]; start < video.shape[2]; start += step) chunks.Add(video.narrow(2, start, Math.Min(step, video.shape[2] - start)));
        return EncodeChunks(chunks, plan, false, ct).MoveToOuterDisposeScope();
    }

    /// <summary>The latent of a picture followed by blank (0) frames.</summary>
    /// <param name="picture">[B, 3, 1, H, W]</param>
    /// <param name="frames">4k + 1, the picture among them.</param>
    /// <returns>[B, 16, k + 1, H / 8, W / 8]</returns>
    public Tensor EncodePictureThenBlank(Tensor picture, long frames, CodingPlan plan, CancellationToken ct = default)
    {
        CheckVideo(picture);
        CheckLength(frames, nameof(frames));
        using var scope = NewDisposeScope();
        int stride = Config.TemporalStride();
        var first = Layout.ChannelsLast(picture.to(weights.Type));
        var blank = Layout.ZerosLike(first, stride);
        return EncodeChunks([first, .. Enumerable.Repeat(blank, (int)((frames - 1) / stride))], plan, true, ct).MoveToOuterDisposeScope();
    }

    /// <summary>Pixels of a whole latent, about in [-1, 1], not clamped.</summary>
    /// <param name="latent">[B, 16, k + 1, h, w]</param>
    /// <returns>[B, 3, 4k + 1, 8h, 8w]</returns>
    public Tensor Decode(Tensor latent, CodingPlan plan, CancellationToken ct = default)
    {
        using var scope = NewDisposeScope();
        var (low, high) = plan.Tiled ? decoder.Split() : (decoder, null);
        List<Tensor> chunks = [.. DecodeChunks(latent, plan.Latents, low, ct)];
        return cat([.. high is null ? chunks : Tiles.Over(high, chunks, plan, weights.Type, false, ct)], 2).MoveToOuterDisposeScope();
    }

    private Tensor EncodeChunks(IReadOnlyList<Tensor> chunks, CodingPlan plan, bool repeats, CancellationToken ct)
    {
        using var scope = NewDisposeScope();
        var (high, low) = plan.Tiled ? encoder.Split() : (null, encoder);
        var features = high is null ? chunks : Tiles.Over(high, chunks, plan, weights.Type, repeats, ct);
        using var cache = new CausalCache();
        using var repeating = repeats ? new RepeatingStack(low, cache) : null;
        List<Tensor> latents = [];
        foreach (var chunk in features)
        {
            ct.ThrowIfCancellationRequested();
            using var part = NewDisposeScope();
            var x = high is null ? Layout.ChannelsLast(chunk.to(weights.Type)) : chunk;
            latents.Add(ToLatent(repeating?.Forward(x) ?? low.Forward(x, cache, ct)!).MoveToOuterDisposeScope());
        }
        return cat(latents, 2).MoveToOuterDisposeScope();
    }
}
