using Locutor.Checkpoints;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Quantised;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests.Layers;

public sealed class CheckpointParametersTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-parameters-").FullName;
    private readonly Random random = TestSeed.NewRandom();

    private string At(string name) => Path.Combine(folder, name);

    [Fact]
    public void Parameters_in_their_stored_format_are_not_copied()
    {
        Save("m.safetensors", ("w", ElementType.Float32, [2, 3], Bytes(24)));
        using var checkpoint = CheckpointFormats.Open(At("m.safetensors"));
        using var parameters = new CheckpointParameters(checkpoint);
        var weight = parameters.Load("w", [2, 3], Initial.Normal, ScalarType.Float32, CPU);
        unsafe { fixed (byte* first = weight.bytes) ((nint)first).ShouldBe(checkpoint.Tensors["w"].Address); }
        parameters.Load("w", [2, 3], Initial.Normal, ScalarType.Float32, CPU).ShouldBeSameAs(weight);
        Should.Throw<CheckpointException>(
            () => parameters.Load("w", [3, 2], Initial.Normal, ScalarType.Float32, CPU).ToString())
            .Message.ShouldContain("expected [3, 2]");
        Should.Throw<CheckpointException>(
            () => parameters.Load("x", [3, 2], Initial.Normal, ScalarType.Float32, CPU).ToString()).Message.ShouldContain("no tensor x");
    }

    public static TheoryData<string> Formats =>
        ["float32", "bfloat16", "float16", "float8", "float8 scaled", "int8 per row", "quanto int8", "quanto float8", "GGUF"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void An_adapter_is_merged_onto_the_values_of_every_format(string format)
    {
        string path = SaveAs(format);
        using var checkpoint = NetworkCheckpoint.Open(path);
        double[] values = checkpoint.Tensors["l.weight"].ToDoubles();
        float[] down = [.. Enumerable.Range(0, 2 * 32).Select(_ => random.NextSingle() - 0.5f)],
            up = [.. Enumerable.Range(0, 4 * 2).Select(_ => random.NextSingle() - 0.5f)], bias = [1, 2, 3, 4];
        Save(
            "lora.safetensors", ("l.lora_down.weight", ElementType.Float32, [2, 32], Singles(down)),
            ("l.lora_up.weight", ElementType.Float32, [4, 2], Singles(up)), ("l.alpha", ElementType.Float32, [], Singles(3)),
            ("l.diff_b", ElementType.Float32, [4], Singles(bias)));
        using var lora = LoraFile.Open(At("lora.safetensors"));
        using var plain = new CheckpointParameters(checkpoint);
        using var merged = new CheckpointParameters(checkpoint, lora.FitTo(checkpoint, 0.7), lora.FitTo(checkpoint, 0.1));

        using var before = plain.Load("l.weight", [4, 32], Initial.Normal, ScalarType.Float32, CPU).cpu();
        using var after = merged.Load("l.weight", [4, 32], Initial.Normal, ScalarType.Float32, CPU).cpu();
        using var moved = merged.Load("l.bias", [4], Initial.Normal, ScalarType.Float32, CPU).cpu();

        float[] found = before.data<float>().ToArray(), changed = after.data<float>().ToArray();
        for (int i = 0; i < found.Length; i++)
        {
            ((double)found[i]).ShouldBe(values[i], 1e-5 * (1 + Math.Abs(values[i])));
            double delta = Enumerable.Range(0, 2).Sum(r => (double)up[i / 32 * 2 + r] * down[r * 32 + i % 32]);
            ((double)changed[i]).ShouldBe(values[i] + 0.8 * 1.5 * delta, 1e-5 * (1 + Math.Abs(values[i])), format);
        }
        moved.data<float>().ToArray().Select(v => Math.Round(v, 5)).ShouldBe([0.8, 1.6, 2.4, 3.2]);
    }

    [Fact]
    public void Blocks_of_more_than_one_part_are_all_read()
    {
        long rows = 40, columns = 1 << 15;
        byte[] data = Bytes((int)(rows * columns / 32 * 34));
        for (int i = 0; i < data.Length; i += 34) (data[i], data[i + 1]) = (0, 0x3c);
        File.WriteAllBytes(At("big.gguf"), Gguf("w", 8, [rows, columns], data));
        using var checkpoint = NetworkCheckpoint.Open(At("big.gguf"));
        using var parameters = new CheckpointParameters(checkpoint);
        using var scope = NewDisposeScope();
        float[] found = parameters.Load("w", [rows, columns], Initial.Normal, ScalarType.Float32, CPU).data<float>().ToArray();
        for (long i = 0; i < found.Length; i += 997) found[i].ShouldBe((sbyte)data[i / 32 * 34 + 2 + i % 32]);
        found[^1].ShouldBe((sbyte)data[^1]);
    }

    private string SaveAs(string format)
    {
        var bias = ("l.bias", ElementType.Float32, new long[] { 4 }, new byte[16]);
        byte[] rows = Singles(0.5f, 0.25f, -1, 2);
        switch (format)
        {
            case "float32":
                Save(
                    "m", bias,
                    ("l.weight", ElementType.Float32, [4, 32], Singles([.. Enumerable.Range(0, 128).Select(_ => random.NextSingle())])));
                break;
            case "bfloat16": Save("m", bias, ("l.weight", ElementType.BFloat16, [4, 32], Bytes(256, 0x3f))); break;
            case "float16": Save("m", bias, ("l.weight", ElementType.Float16, [4, 32], Bytes(256, 0x3f))); break;
            case "float8": Save("m", bias, ("l.weight", ElementType.Float8E4M3, [4, 32], Bytes(128, 0x7e))); break;
            case "float8 scaled":
                Save(
                    "m", bias, ("l.weight", ElementType.Float8E4M3, [4, 32], Bytes(128, 0x7e)),
                    ("l.scale_weight", ElementType.Float32, [1], Singles(0.3f)), ("scaled_fp8", ElementType.Float8E4M3, [2], new byte[2]));
                break;
            case "int8 per row":
                Save("m", bias, ("l.weight", ElementType.Int8, [4, 32], Bytes(128)), ("l.weight_scale", ElementType.Float32, [4, 1], rows));
                break;
            case "quanto int8":
                Save(
                    "m", bias, ("l.weight._data", ElementType.Int8, [4, 32], Bytes(128)),
                    ("l.weight._scale", ElementType.BFloat16, [4, 1], [0x80, 0x3f, 0, 0xc0, 0x80, 0x3e, 0x80, 0x40]));
                break;
            case "quanto float8":
                Save(
                    "m", bias, ("l.weight._data", ElementType.Float8E4M3, [4, 32], Bytes(128, 0x7e)),
                    ("l.weight._scale", ElementType.Float32, [4, 1], rows));
                break;
            default:
                byte[] data = Bytes(4 * 34);
                for (int i = 0; i < data.Length; i += 34) (data[i], data[i + 1]) = (0x66, 0x2e);
                File.WriteAllBytes(At("m"), Gguf("l.weight", 8, [4, 32], data, "l.bias", 16));
                break;
        }
        return At("m");
    }

    /// <summary>One tensor, and behind it a float32 vector of zeros.</summary>
    private static byte[] Gguf(string name, uint type, long[] shape, byte[] data, string? second = null, int secondBytes = 0)
    {
        static byte[] Info(string name, uint type, long[] shape, long offset) =>
            [
                .. BitConverter.GetBytes((long)name.Length), .. System.Text.Encoding.ASCII.GetBytes(name),
                .. BitConverter.GetBytes(shape.Length), .. shape.Reverse().SelectMany(BitConverter.GetBytes),
                .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(offset)
            ];
        byte[] padded = [.. data, .. new byte[(32 - data.Length % 32) % 32]];
        byte[] head =
        [
            .. "GGUF"u8, 3, 0, 0, 0, .. BitConverter.GetBytes(second is null ? 1L : 2L), .. BitConverter.GetBytes(0L),
            .. Info(name, type, shape, 0), .. second is null ? [] : Info(second, 0, [secondBytes / 4], padded.Length)
        ];
        return [.. head, .. new byte[(32 - head.Length % 32) % 32], .. padded, .. new byte[secondBytes]];
    }

    private byte[] Bytes(int count, int below = 256)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = (byte)random.Next(below);
        return bytes;
    }

    private static byte[] Singles(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private void Save(string name, params (string Name, ElementType Type, long[] Shape, byte[] Data)[] tensors)
    {
        using var writer = new SafetensorsWriter(At(name), tensors.Select(t => new TensorOutline(t.Name, t.Type, t.Shape)));
        foreach (var tensor in tensors) writer.Append(tensor.Name, tensor.Data);
        writer.Complete();
    }

    public void Dispose() => Directory.Delete(folder, true);
}
