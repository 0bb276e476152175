using System.Diagnostics;
using System.Runtime.InteropServices;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Loading.Bench;

/// <summary>Measures the rate at which a safetensors file is loaded, and the rate of a copy in memory for comparison.</summary>
internal static class LoaderBench
{
    private const int Rounds = 5;

    public static void Run(int mebibytes)
    {
        string path = Path.Combine(Path.GetTempPath(), $"locutor-bench-{Environment.ProcessId}.safetensors");
        var outlines = Enumerable.Range(0, Math.Max(1, mebibytes / 16))
            .Select(i => new TensorOutline($"blocks.{i}.weight", ElementType.Float32, [2048, 2048])).ToArray();
        Write(path, outlines);
        try
        {
            long bytes = new FileInfo(path).Length;
            Read(path, t => t.clone());
            Report("memory to memory", bytes, () => CopyMemory(bytes));
            Report(
                "open, all tensors as parameters of their own type on the CPU", bytes,
                () => Parameters(path, outlines, ScalarType.Float32));
            Report("open, and every page read (sum)", bytes, () => Read(path, t => t.sum()));
            Report("every tensor copied", bytes, () => Read(path, t => t.clone()));
            Report("float32 to bfloat16 parameters", bytes, () => Parameters(path, outlines, ScalarType.BFloat16));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Write(string path, TensorOutline[] outlines)
    {
        using var writer = new SafetensorsWriter(path, outlines);
        float[] values = new float[1 << 22];
        var random = new Random(1);
        for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle();
        foreach (var outline in outlines) writer.Append(outline.Name, MemoryMarshal.AsBytes<float>(values));
        writer.Complete();
    }

    private static void Parameters(string path, TensorOutline[] outlines, ScalarType type)
    {
        using var checkpoint = CheckpointFormats.Open(path);
        using var parameters = new CheckpointParameters(checkpoint);
        foreach (var outline in outlines) parameters.Load(outline.Name, outline.Shape, Initial.Normal, type, CPU);
    }

    private static void Read(string path, Func<Tensor, Tensor> what)
    {
        using var checkpoint = CheckpointFormats.Open(path);
        foreach (var stored in checkpoint.Tensors.Values)
        {
            using var tensor = stored.AsTensor();
            using var result = what(tensor);
        }
    }

    /// <summary>Copies as many bytes as the file has, tensor by tensor into new memory: the bound of a loader that copies.</summary>
    private static unsafe void CopyMemory(long bytes)
    {
        const int Part = 1 << 24;
        byte* from = (byte*)NativeMemory.AlignedAlloc(Part, 64);
        NativeMemory.Fill(from, Part, 1);
        for (long done = 0; done < bytes; done += Part)
        {
            using var to = empty([Part], dtype: ScalarType.Byte);
            fixed (byte* place = to.bytes) Buffer.MemoryCopy(from, place, Part, Part);
        }
        NativeMemory.AlignedFree(from);
    }

    private static void Report(string what, long bytes, Action action)
    {
        double[] seconds = new double[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(seconds);
        Console.WriteLine(
            $"{what,-64} {bytes / seconds[Rounds / 2] / (1 << 30),10:F2} GiB/s  ({seconds[Rounds / 2] * 1000:F1} ms, median of {Rounds})");
    }
}
