using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Locutor.Checkpoints.Inspection;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Quantised;
using Locutor.Checkpoints.Safetensors;
using Locutor.Checkpoints.Tests.Pickle;
using Locutor.Checkpoints.Tests.Quantised;

namespace Locutor.Checkpoints.Tests.Fuzzing;

/// <summary>
/// Readers against changed files: whatever a file holds, opening it ends in a checkpoint whose every byte can be read or in a
/// <see cref="CheckpointException"/>, soon, and without much memory. Two seconds for each format; LOCUTOR_FUZZ_MINUTES makes it longer.
/// </summary>
public sealed class FuzzTests : TemporaryFolder
{
    private const long MostAllocated = 256 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private readonly int seed = Random.Shared.Next();

    public static TheoryData<string> Formats => ["safetensors", "quantised safetensors", "PyTorch zip", "PyTorch pickle", "GGUF", "index", "adapter"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Any_change_ends_in_a_checkpoint_or_an_error(string format)
    {
        var duration = double.TryParse(Environment.GetEnvironmentVariable("LOCUTOR_FUZZ_MINUTES"), CultureInfo.InvariantCulture, out double minutes) ? TimeSpan.FromMinutes(minutes) : TimeSpan.FromSeconds(2);
        string folder = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Folder, $"locutor-fuzz-{Guid.NewGuid():N}")).FullName;
        try
        {
            var mutations = new Mutations(new Random(seed), Corpus(format, folder));
            string path = Path.Combine(folder, format == "index" ? "m.index.json" : "m");
            long start = Stopwatch.GetTimestamp(), rounds = 0, opened = 0;
            for (; Stopwatch.GetElapsedTime(start) < duration; rounds++)
            {
                byte[] bytes = mutations.Next();
                File.WriteAllBytes(path, bytes);
                if (TryOne(format, path, bytes, $"{format}, seed {seed}, round {rounds}")) opened++;
            }
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{format}: {rounds:N0} files, {opened:N0} of them opened, seed {seed}"));
            rounds.ShouldBeGreaterThan(50);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <returns>Whether the file was accepted.</returns>
    private static bool TryOne(string format, string path, byte[] bytes, string about)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        bool opened = false;
        try
        {
            if (format == "adapter")
            {
                using var lora = LoraFile.Open(path);
                lora.FitTo(new Dictionary<string, long[]> { ["blocks.0.l.weight"] = [4, 4], ["blocks.0.l.bias"] = [4] });
            }
            else
            {
                using var checkpoint = format.StartsWith("quantised", StringComparison.Ordinal) ? NetworkCheckpoint.Open(path) : Checkpoint.Open(path);
                long sum = 0;
                foreach (var tensor in checkpoint.Tensors.Values) sum += Touch(tensor);
                CheckpointInspection.Render(checkpoint).Length.ShouldBeGreaterThan((int)(sum & 1));
            }
            opened = true;
        }
        catch (CheckpointException e) when (e.Message.Length > 10)
        {
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{about}: {e.GetType().Name}: {e.Message}; the file was {Convert.ToBase64String(bytes)}", e);
        }
        Stopwatch.GetElapsedTime(start).ShouldBeLessThan(Longest, about);
        (GC.GetAllocatedBytesForCurrentThread() - allocated).ShouldBeLessThan(MostAllocated, about);
        return opened;
    }

    /// <summary>Reads every byte; a range outside the mapping would end the process.</summary>
    private static unsafe long Touch(CheckpointTensor tensor)
    {
        long sum = 0;
        for (long i = 0; i < tensor.ByteLength; i += 1 << 20)
            foreach (byte one in new ReadOnlySpan<byte>((byte*)tensor.Address + i, (int)Math.Min(1 << 20, tensor.ByteLength - i))) sum += one;
        return sum + (tensor.Scale is null ? 0 : Touch(tensor.Scale)) + (tensor.ElementCount < 10_000 ? tensor.ToDoubles().Length : 0);
    }

    private static byte[][] Corpus(string format, string folder)
    {
        byte[] numbers = new byte[96];
        Saved View(long offset, long[] shape, long[] strides) => new("FloatStorage", "0", 24, offset, shape, strides);
        byte[] Module(bool legacy) => Pickler.Whole(p => p.Dictionary([("a", q => q.Tensor(View(0, [4, 6], [6, 1]), legacy)), ("b", q => q.Tensor(View(1, [5, 2], [1, 3]), legacy)), ("c", q => q.Tensor(View(24, [0], [1]), legacy))]));
        switch (format)
        {
            case "safetensors":
                return [Safetensors(folder, ("w", ElementType.Float32, [2, 3]), ("b", ElementType.BFloat16, [3]), ("s", ElementType.Int8, []), ("e", ElementType.Float64, [0, 2])), Safetensors(folder, ("blocks.0.x", ElementType.UInt8, [40])), Safetensors(folder)];
            case "quantised safetensors":
                return [Safetensors(folder, ("diffusion_model.l.weight", ElementType.Float8E4M3, [4, 4]), ("diffusion_model.l.scale_weight", ElementType.Float32, [1]), ("scaled_fp8", ElementType.Float8E4M3, [2])), Safetensors(folder, ("l.weight._data", ElementType.Int8, [4, 4]), ("l.weight._scale", ElementType.Float32, [4, 1]), ("l.input_scale", ElementType.Float32, []))];
            case "PyTorch zip":
                return [TorchSave.Zip(Module(false), [("0", numbers)]), TorchSave.Zip(Module(false), [("0", numbers)], zip64: true)];
            case "PyTorch pickle":
                return [TorchSave.Legacy(Module(true), [("0", 24, numbers)])];
            case "GGUF":
                var random = new Random(1);
                return [new GgufWriter().Text("general.architecture", "wan").Integers("comfy.gguf.orig_shape.f", 1, 3).Add("q", 8, [2, 32], [.. GgufWriter.Q8(random).Block, .. GgufWriter.Q8(random).Block]).Add("k", 14, [1, 256], GgufWriter.Q6K(random).Block).Add("f", 0, [3], new byte[12]).Bytes()];
            case "index":
                File.WriteAllBytes(Path.Combine(folder, "s1.safetensors"), Safetensors(folder, ("a", ElementType.Int8, [4])));
                File.WriteAllBytes(Path.Combine(folder, "s2.safetensors"), Safetensors(folder, ("b", ElementType.Int8, [4])));
                return [JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { total_size = 8 }, weight_map = new { a = "s1.safetensors", b = "s2.safetensors" } }), Encoding.UTF8.GetBytes("{\"weight_map\":{}}")];
            default:
                return [Safetensors(folder, ("diffusion_model.blocks.0.l.lora_down.weight", ElementType.Float32, [2, 4]), ("diffusion_model.blocks.0.l.lora_up.weight", ElementType.Float32, [4, 2]), ("diffusion_model.blocks.0.l.alpha", ElementType.Float32, [])), Safetensors(folder, ("lora_unet_blocks_0_l.diff_b", ElementType.Float16, [4]))];
        }
    }

    private static byte[] Safetensors(string folder, params (string Name, ElementType Type, long[] Shape)[] tensors)
    {
        string path = Path.Combine(folder, "corpus");
        using (var writer = new SafetensorsWriter(path, tensors.Select(t => new TensorOutline(t.Name, t.Type, t.Shape)), new Dictionary<string, string> { ["format"] = "pt" }))
        {
            foreach (var t in tensors) writer.Append(t.Name, new byte[t.Shape.Aggregate(1L, (a, b) => a * b) * t.Type.Size()]);
            writer.Complete();
        }
        return File.ReadAllBytes(path);
    }
}
