using Locutor.Checkpoints;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Safetensors;
using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>
/// Measures how long a prepared file takes to load. It writes a file of the transformer's size with random bytes and loads it
/// memory-mapped while it is still in the page cache.
/// </summary>
internal sealed class LoadBench(BenchOptions options, Meter meter)
{
    private const string Part = "load";

    public IEnumerable<BenchRow> Run()
    {
        var linears = options.Precision.Linears() ?? LinearPrecision.Plain;
        var type = options.Precision.Arithmetic(options.Device);
        string path = Path.Combine(options.Folder, $"locutor-bench-{Guid.NewGuid():N}.safetensors");
        try
        {
            long bytes = Write(path, linears, type);
            double seconds = 0;
            double? memory = meter.Peak(() => seconds = meter.Once(() => Load(path, linears, type)));
            double again = meter.Once(() => Load(path, linears, type));
            yield return new BenchRow(Part, $"{bytes / 1e9:0.00} GB into the device, first time", seconds) { MemoryGiB = memory };
            yield return new BenchRow(Part, $"{bytes / 1e9:0.00} GB into the device, again", again);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private void Load(string path, LinearPrecision linears, ScalarType type)
    {
        using var checkpoint = NetworkCheckpoint.Open([path]);
        using var parameters = new CheckpointParameters(checkpoint);
        _ = new VideoTransformer(
            new Weights(parameters, type, options.Device).With(linears), new BundleBlueprint(options.Bundle).Transformer);
        meter.Wait();
    }

    private long Write(string path, LinearPrecision linears, ScalarType type)
    {
        using var outline = new ParameterOutline(linears);
        _ = new VideoTransformer(new Weights(outline, type, META).With(linears), new BundleBlueprint(options.Bundle).Transformer);
        using var writer = new SafetensorsWriter(path, outline.Tensors);
        byte[] random = new byte[1 << 24];
        new Random((int)options.Seed).NextBytes(random);
        for (int i = 1; i < random.Length; i += 2) random[i] &= 0x3f; // Clears exponent bits, so that no value is infinite in any dtype.
        long sum = 0;
        foreach (var tensor in outline.Tensors)
        {
            long bytes = tensor.Shape.Aggregate((long)tensor.Type.Size(), (product, length) => product * length);
            for (long done = 0; done < bytes; done += random.Length)
                writer.Append(tensor.Name, random.AsSpan(0, (int)Math.Min(random.Length, bytes - done)));
            sum += bytes;
        }
        writer.Complete();
        return sum;
    }
}
