using System.Runtime.InteropServices;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Quantised;
using Locutor.Checkpoints.Safetensors;
using Locutor.Generation.Preparation;

namespace Locutor.Generation.Tests.Preparation;

/// <summary>Compares prepared files with the numbers that were written into their sources, with an adapter merged.</summary>
public sealed class PreparationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-preparation-").FullName;
    private readonly int seed = TestSeed.Value;

    private static readonly Dictionary<string, long[]> Shapes = new()
    {
        ["blocks.0.ffn.0.weight"] = [24, 256],
        ["blocks.0.ffn.0.bias"] = [24],
        ["blocks.0.norm.weight"] = [24],
        ["blocks.11.attn.q.weight"] = [5, 256],
        ["text_embedding.0.weight"] = [7, 256],
        ["patch_embedding.weight"] = [4, 3, 1, 2, 2],
    };

    public static MatrixTheoryData<string, WeightPrecision> Cells => new(FormatFile.Names, Enum.GetValues<WeightPrecision>());

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_prepared_file_has_the_values_of_its_source_and_its_adapter(string format, WeightPrecision precision)
    {
        var random = new Random(seed);
        var stored = FormatFile.Choose(format, Shapes, random);
        float[] down = Singles(random, 3 * 256), up = Singles(random, 24 * 3), bias = Singles(random, 24);
        WriteAdapter(
            [
                ("blocks.0.ffn.0.lora_down.weight", [3, 256], down), ("blocks.0.ffn.0.lora_up.weight", [24, 3], up),
                ("blocks.0.ffn.0.diff_b", [24], bias)
            ]);
        string path = Prepare(FormatFile.Write(format, folder, stored), precision, 0.5);

        using var prepared = NetworkCheckpoint.Open([path]);
        prepared.Tensors.Keys.Order().ShouldBe(Shapes.Keys.Order());
        foreach (var tensor in stored)
        {
            double[] expected = [.. tensor.Values];
            if (tensor.Name == "blocks.0.ffn.0.weight")
            {
                for (int i = 0; i < expected.Length; i++)
                    expected[i] += 0.5 * Enumerable.Range(0, 3).Sum(r => (double)up[i / 256 * 3 + r] * down[r * 256 + i % 256]);
            }

            if (tensor.Name == "blocks.0.ffn.0.bias") for (int i = 0; i < expected.Length; i++) expected[i] += 0.5 * bias[i];
            Compare(prepared.Tensors[tensor.Name], expected, precision, tensor.Type, $"seed {seed}: {tensor.Name}");
        }
    }

    [Fact]
    public void A_tensor_of_several_groups_of_rows_is_whole()
    {
        var random = new Random(seed);
        long rows = 2500, columns = 4001; // 10 million, of which 8 are converted at once
        var stored = StoredTensor.Plain(random, "blocks.3.l.weight", [rows, columns], StoredType.Float32);
        float[] down = Singles(random, (int)columns), up = Singles(random, (int)rows);
        WriteAdapter([("blocks.3.l.lora_down.weight", [1, columns], down), ("blocks.3.l.lora_up.weight", [rows, 1], up)]);
        using var checkpoint = NetworkCheckpoint.Open(
            [Prepare(FormatFile.Write("safetensors float32", folder, [stored]), WeightPrecision.Int8, 1)]);
        var found = checkpoint.Tensors["blocks.3.l.weight"];
        double[] scales = found.Scale!.ToDoubles();
        scales.Length.ShouldBe((int)rows);
        var bytes = MemoryMarshal.Cast<byte, sbyte>(found.Bytes);
        for (int i = 0; i < bytes.Length; i += 13)
        {
            double expected = stored.Values[i] + (double)up[i / columns] * down[i % columns], scale = scales[i / columns];
            if (!(Math.Abs(bytes[i] * scale - expected) <= 0.501 * scale))
                Assert.Fail($"seed {seed}: [{i}] is {bytes[i]} x {scale}, expected {expected}");
        }
    }

    [Fact]
    public void A_tensor_that_the_network_uses_in_float32_keeps_its_precision()
    {
        using var source = NetworkCheckpoint.Open(
            [FormatFile.Write("safetensors float32", folder, FormatFile.Choose("safetensors float32", Shapes, new Random(seed)))]);
        ElementType Type(string name, WeightPrecision precision, bool wide) =>
            new WeightConversion(source.Tensors[name], [], precision, wide).Outlines[0].Type;
        Type("blocks.0.norm.weight", WeightPrecision.BFloat16, true).ShouldBe(ElementType.Float32);
        Type("blocks.0.norm.weight", WeightPrecision.BFloat16, false).ShouldBe(ElementType.BFloat16);
        Type("text_embedding.0.weight", WeightPrecision.Int8, false).ShouldBe(ElementType.BFloat16);
        Type("blocks.0.ffn.0.weight", WeightPrecision.Float8, false).ShouldBe(ElementType.Float8E4M3);
    }

    [Fact]
    public void A_row_of_zeros_stays_zero()
    {
        var zeros = new StoredTensor("blocks.0.l.weight", StoredType.Float32, [2, 4], new byte[32], new double[8], []);
        foreach (var precision in Enum.GetValues<WeightPrecision>())
        {
            WriteAdapter([("blocks.0.l.diff", [2, 4], new float[8])]);
            using var prepared = NetworkCheckpoint.Open([Prepare(FormatFile.Write("safetensors float32", folder, [zeros]), precision, 1)]);
            prepared.Tensors["blocks.0.l.weight"].ToDoubles().ShouldAllBe(v => v == 0);
        }
    }

    private string Prepare(string source, WeightPrecision precision, double strength)
    {
        using var checkpoint = NetworkCheckpoint.Open([source]);
        using var lora = LoraFile.Open(Path.Combine(folder, "lora"));
        var adapter = lora.FitTo(checkpoint, strength);
        var plan = new PreparationPlan(
            [.. checkpoint.Tensors.Values.Select(t => (t, new WeightConversion(t, [adapter], precision, false)))], "test",
            new Dictionary<string, string>());
        string path = Path.Combine(folder, $"prepared-{precision}.safetensors");
        long written = 0;
        PreparedFileWriter.Write(
            plan, checkpoint, path, _ => Assert.Fail("there was no earlier run"), n => written += n, TestContext.Current.CancellationToken);
        using (var file = SafetensorsFile.Open(path)) written.ShouldBe(file.Tensors.Values.Sum(t => t.ByteLength));
        TensorHashes.Verify(path, null, TestContext.Current.CancellationToken);
        return path;
    }

    /// <summary>Allows half a step of the type in which a value is stored.</summary>
    private static void Compare(CheckpointTensor found, double[] expected, WeightPrecision precision, StoredType source, string about)
    {
        double[] values = found.ToDoubles();
        bool eight = found.Scale is not null;
        eight.ShouldBe(
            precision is WeightPrecision.Float8 or WeightPrecision.Int8 && found.Name.StartsWith("blocks.", StringComparison.Ordinal)
                && found.Shape.Length == 2,
            about);
        int row = eight ? (int)(found.ElementCount / found.Shape[0]) : 1;
        double[] scales = eight ? found.Scale!.ToDoubles() : [];
        for (int i = 0; i < values.Length; i++)
        {
            double allowed = precision switch
            {
                WeightPrecision.Int8 when eight => 0.5001 * scales[i / row],
                WeightPrecision.Float8 when eight => Math.Max(Math.Abs(expected[i]) / 15.9, scales[i / row] * Math.ScaleB(1, -9)),
                WeightPrecision.Float32 => 1e-6 * (0.1 + Math.Abs(expected[i])),
                WeightPrecision.Float16 => Math.Max(Math.Abs(expected[i]) / 2047, 1e-7),
                _ => Math.Abs(expected[i]) / 255,
            } + 1e-6 * (source is StoredType.Float32 ? 1 : 2);
            if (!(Math.Abs(values[i] - expected[i]) <= allowed))
                Assert.Fail($"{about}[{i}] is {values[i]}, expected {expected[i]} to {allowed}");
        }
    }

    private void WriteAdapter((string Name, long[] Shape, float[] Values)[] tensors)
    {
        using var writer = new SafetensorsWriter(
            Path.Combine(folder, "lora"), tensors.Select(t => new TensorOutline(t.Name, ElementType.Float32, t.Shape)));
        foreach (var tensor in tensors) writer.Append(tensor.Name, MemoryMarshal.AsBytes<float>(tensor.Values));
        writer.Complete();
    }

    private static float[] Singles(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];

    public void Dispose() => Directory.Delete(folder, true);
}
