using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Torch.Cuda;
using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures the autoencoder: the encoding of a picture followed by blank frames, the encoding of motion frames, and the decoding of a
/// clip.
/// </summary>
internal sealed class VaeBench(BenchOptions options, Meter meter, Ceilings ceilings)
{
    private const string Part = "vae";
    private const int ComparedLatents = 3, ComparedFrames = 13;

    private static readonly TilingPlan InTiles = new(1, 2, 2);

    private readonly ScalarType type = options.Precision.Arithmetic(options.Device);

    public IEnumerable<BenchRow> Run()
    {
        var config = new BundleBlueprint(options.Bundle).Autoencoder;
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var network = new VideoAutoencoder(new Weights(parameters, type, options.Device), config) { MemoryBudget = Room };
        long stride = config.SpatialStride(), latents = (options.Frames - 1) / config.TemporalStride() + 1;
        using var picture = Uniform(3, 1, options.Height, options.Width);
        using var motion = Uniform(3, Math.Min(25, options.Frames), options.Height, options.Width);
        using var latent = Normal(config.LatentChannels, latents, options.Height / stride, options.Width / stride);
        if (options.Check)
        {
            using var few = latent.narrow(2, 0, Math.Min(ComparedLatents, latents));
            yield return Meter.Checked(Compare(
                $"decode {few.shape[2]} latents", config, () => cat([.. network.DecodeChunks(few, 1)], 2), exact => exact.Decode(few)));
            yield return Meter.Checked(Compare(
                $"decode {few.shape[2]} latents in 2 x 2 tiles", config, () => network.Decode(few, InTiles), exact => exact.Decode(few)));
            long frames = Math.Min(ComparedFrames, options.Frames);
            yield return Meter.Checked(Compare(
                $"encode {frames} frames, a picture and blank ones", config, () => network.EncodePictureThenBlank(picture, frames),
                exact => exact.EncodePictureThenBlank(picture, frames)));
        }
        double seconds = 0;
        var plan = network.Plan(options.Frames, options.Height, options.Width);
        double? memory = meter.Peak(() => seconds = meter.Median(() => network.EncodePictureThenBlank(picture, options.Frames, plan)));
        yield return new BenchRow(
            Part, $"encode {options.Frames} frames, a picture and blank ones, {Name}", seconds)
        { MemoryGiB = memory };
        memory = meter.Peak(
            () => seconds = meter.Median(() => network.Encode(motion, network.Plan(motion.shape[2], options.Height, options.Width))));
        yield return new BenchRow(Part, $"encode {motion.shape[2]} motion frames, {Name}", seconds) { MemoryGiB = memory };
        memory = meter.Peak(() => seconds = meter.Median(() => network.Decode(latent, plan)));
        string tiles = plan.Tiled ? $", in {plan.Down} x {plan.Across} tiles" : "";
        yield return new BenchRow(Part, $"decode {latents} latents, {Name}, {Math.Min(latents, plan.Latents)} at once{tiles}", seconds)
        {
            MemoryGiB = memory,
            Floor = ceilings.Floor(Ceilings.Plain(type), Work.Decode(config, latents, options.Height, options.Width)),
        };
        if (options.Gpus.Count > 1)
            foreach (var row in OnSeveralGpus(config, latent, seconds)) yield return row;
    }

    /// <summary>Measures decoding in strips, one on each GPU, and on the second GPU alone with the frames brought back.</summary>
    private IEnumerable<BenchRow> OnSeveralGpus(VideoAutoencoderConfig config, Tensor latent, double alone)
    {
        var parameters = options.Gpus.Select(_ => new RandomParameters(options.Seed, onDevice: meter.OnGpu)).ToList();
        VideoAutoencoder[] networks =
        [
            .. options.Gpus.Zip(parameters, (gpu, held) => DeviceThreads.On(
                gpu, () => new VideoAutoencoder(new Weights(held, type, gpu), config) { MemoryBudget = Room }))
        ];
        var inStrips = new VideoAutoencoder(new Weights(parameters[0], type, options.Device), config)
        {
            MemoryBudget = Room,
            Helpers = [.. options.Gpus.Zip(networks).Skip(1).Select(pair => new AutoencoderHelper(pair.First, pair.Second))],
        };
        var plan = inStrips.Plan(options.Frames, options.Height, options.Width);
        if (options.Check)
        {
            using var few = latent.narrow(2, 0, Math.Min(ComparedLatents, latent.shape[2]));
            yield return Meter.Checked(Compare(
                $"decode {few.shape[2]} latents in strips", config, () => inStrips.Decode(few, plan), exact => exact.Decode(few)));
        }
        double seconds = meter.Median(() => inStrips.Decode(latent, plan));
        yield return new BenchRow(
            Part, FormattableString.Invariant($"decode in {options.Gpus.Count} strips, {Name}: {seconds / alone:0.000} x of one"), seconds);
        seconds = meter.Median(() => DeviceThreads.On(options.Gpus[1], () =>
        {
            using var still = no_grad();
            using var frames = networks[1].Decode(latent.to(options.Gpus[1]), plan);
            return frames.to(options.Device).DetachFromDisposeScope();
        }).Dispose());
        yield return new BenchRow(Part, $"decode on another GPU and bring the frames back, {Name}", seconds);
        foreach (var one in parameters) one.Dispose();
    }

    private string Name => $"{type}".ToLowerInvariant();

    /// <summary>
    /// The memory for the autoencoder in bytes: the whole budget, since it is the only network here; null without a budget.
    /// </summary>
    private long? Room => options.VramBudget is { } budget ? Math.Max(0, budget - CudaMemory.DriverOverheadBytes) : null;

    private BenchRow Compare(string what, VideoAutoencoderConfig config, Func<Tensor> found, Func<VideoAutoencoder, Tensor> expected)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var exact = new VideoAutoencoder(new Weights(parameters, ScalarType.Float32, options.Device), config);
        bool allowed = backends.cudnn.allow_tf32;
        backends.cudnn.allow_tf32 = false;
        try
        {
            return new BenchRow(Part, $"{what}, {Name}, against float32", null)
            {
                Error = Meter.RelativeError(found(), expected(exact)),
                ErrorAllowed = type == ScalarType.Float32 ? 1e-4 : 6e-2,
            };
        }
        finally
        {
            backends.cudnn.allow_tf32 = allowed;
        }
    }

    private Tensor Uniform(params long[] shape) =>
        (rand([1, .. shape], ScalarType.Float32, options.Device) * 2 - 1).DetachFromDisposeScope();

    private Tensor Normal(params long[] shape) => randn([1, .. shape], ScalarType.Float32, options.Device).DetachFromDisposeScope();
}
