using System.Text.Json;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Quantised;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests.Quantised;

public sealed class NetworkCheckpointTests : TemporaryFolder
{
    private readonly Random random = TestSeed.NewRandom();

    [Theory]
    [InlineData(ElementType.Int8, "qint8")]
    [InlineData(ElementType.Float8E4M3, "qfloat8")]
    [InlineData(ElementType.Float8E4M3, "qfloat8_e4m3fn")]
    public void Quanto_weights_are_joined_with_the_scales_of_their_rows(ElementType type, string map)
    {
        byte[] data = Elements(12);
        Save(
            "m.safetensors", ("l.weight._data", type, [3, 4], data),
            ("l.weight._scale", ElementType.Float32, [3, 1], Singles(0.5f, -2, 0.25f)), ("l.bias", ElementType.BFloat16, [3], new byte[6]),
            ("l.input_scale", ElementType.Float32, [], Singles(1)), ("l.output_scale", ElementType.Float32, [], Singles(1)));
        Map("m.json", ("l", map));
        using var checkpoint = NetworkCheckpoint.Open(At("m.safetensors"));
        checkpoint.Tensors.Keys.Order().ShouldBe(["l.bias", "l.weight"]);
        ShouldBeScaled(checkpoint, data, type, i => new[] { 0.5, -2, 0.25 }[i / 4]);
        checkpoint.Format.ShouldBe("safetensors, quantised");
        checkpoint.FileTensors.ShouldBe(5);
    }

    [Theory]
    [InlineData("scale_weight")]
    [InlineData("weight_scale")]
    public void Scaled_float8_has_one_scale_for_a_tensor(string name)
    {
        byte[] data = Elements(12);
        Save(
            "m.safetensors", ("l.weight", ElementType.Float8E4M3, [3, 4], data),
            ($"l.{name}", ElementType.Float32, name == "scale_weight" ? [1] : [], Singles(0.75f)),
            ("l.scale_input", ElementType.Float32, [1], Singles(1)),
            ("scaled_fp8", ElementType.Float8E4M3, [2], new byte[2]), ("n.weight", ElementType.Float16, [1], new byte[2]));
        using var checkpoint = NetworkCheckpoint.Open(At("m.safetensors"));
        checkpoint.Tensors.Keys.Order().ShouldBe(["l.weight", "n.weight"]);
        ShouldBeScaled(checkpoint, data, ElementType.Float8E4M3, _ => 0.75);
    }

    [Theory]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.Float8E4M3)]
    [InlineData(ElementType.Float8E5M2)]
    public void Rows_may_have_their_own_scales(ElementType type)
    {
        byte[] data = Elements(12);
        Save("m.safetensors", ("l.weight", type, [3, 4], data), ("l.weight_scale", ElementType.Float32, [3, 1], Singles(1, 3, -0.5f)));
        using var checkpoint = NetworkCheckpoint.Open(At("m.safetensors"));
        ShouldBeScaled(checkpoint, data, type, i => new[] { 1, 3, -0.5 }[i / 4]);
    }

    [Theory]
    [InlineData("model.diffusion_model.")]
    [InlineData("diffusion_model.")]
    [InlineData("")]
    public void Prefixes_of_repackaged_files_are_removed(string prefix)
    {
        Save(
            "m.safetensors", ($"{prefix}blocks.0.l.weight", ElementType.Float8E4M3, [2], [0x38, 0x40]),
            ($"{prefix}blocks.0.l.scale_weight", ElementType.Float32, [], Singles(3)), ("scaled_fp8", ElementType.Float8E4M3, [0], []));
        using var checkpoint = NetworkCheckpoint.Open(At("m.safetensors"));
        checkpoint.Tensors.Keys.ShouldBe(["blocks.0.l.weight"]);
        checkpoint.Tensors["blocks.0.l.weight"].Name.ShouldBe("blocks.0.l.weight");
        checkpoint.Tensors["blocks.0.l.weight"].ToDoubles().ShouldBe([3, 6]);
        using var overlaid = NetworkCheckpoint.Open([At("m.safetensors"), At("m.safetensors")]);
        overlaid.Report[1].Replaced.ShouldBe(1);
        using var lora = Lora(($"{prefix}blocks.0.l.diff", [2]));
        lora.FitTo(overlaid).Targets.ShouldBe(["blocks.0.l.weight"]);
    }

    [Fact]
    public void Weights_and_scales_that_do_not_match_are_refused()
    {
        Refused("l.weight._scale: expected l.weight._data beside it", ("l.weight._scale", ElementType.Float32, [1], Singles(1)));
        Refused("l.scale_weight: expected l.weight beside it", ("l.scale_weight", ElementType.Float32, [1], Singles(1)));
        Refused("l.input_scale: expected a weight of l beside it", ("l.input_scale", ElementType.Float32, [1], Singles(1)));
        Refused(
            "expected a scale (l.weight_scale or l.weight._scale) for int8, found none",
            ("l.weight", ElementType.Int8, [2, 2], new byte[4]));
        Refused(
            "expected one scale, found l.scale_weight and l.weight_scale", ("l.weight", ElementType.Float8E4M3, [2, 2], new byte[4]),
            ("l.scale_weight", ElementType.Float32, [], Singles(1)), ("l.weight_scale", ElementType.Float32, [], Singles(1)));
        Refused(
            "expected int8 or float8 beside l.scale_weight, found Float32", ("l.weight", ElementType.Float32, [1], Singles(1)),
            ("l.scale_weight", ElementType.Float32, [], Singles(1)));
        Refused(
            "one for each of the 2 rows of l.weight [2, 2], found [3]", ("l.weight", ElementType.Float8E4M3, [2, 2], new byte[4]),
            ("l.scale_weight", ElementType.Float32, [3], Singles(1, 1, 1)));
        Refused(
            "one for each of the 2 rows of l.weight [2, 2], found [1, 2]", ("l.weight", ElementType.Float8E4M3, [2, 2], new byte[4]),
            ("l.scale_weight", ElementType.Float32, [1, 2], Singles(1, 1)));
        Refused(
            "expected finite scales, found NaN", ("l.weight", ElementType.Float8E4M3, [2, 2], new byte[4]),
            ("l.scale_weight", ElementType.Float32, [], Singles(float.NaN)));
        Refused(
            "expected a floating-point scale, found Int32", ("l.weight", ElementType.Float8E4M3, [2, 2], new byte[4]),
            ("l.scale_weight", ElementType.Int32, [], new byte[4]));
    }

    [Fact]
    public void A_map_that_contradicts_the_file_is_refused()
    {
        Save(
            "t5_fp8.safetensors", ("l.weight._data", ElementType.Int8, [1, 4], new byte[4]),
            ("l.weight._scale", ElementType.Float32, [1, 1], Singles(1)));
        void Fails(string message, params (string, string)[] layers)
        {
            Map("t5_map_fp8.json", layers);
            Should.Throw<CheckpointException>(() => NetworkCheckpoint.Open(At("t5_fp8.safetensors"))).Message.ShouldContain(message);
        }
        Fails("expected l, whose weight", ("m", "none"));
        Fails("m: expected a tensor m.weight._data, found none", ("l", "qint8"), ("m", "qint8"));
        Fails("l: expected Float8E4M3 with a scale, found Int8", ("l", "qfloat8"));
        Fails("found qint4", ("l", "qint4"));
        File.WriteAllText(At("t5_map_fp8.json"), """{"l":{"weights":"qint8","activations":"qint8"}}""");
        Should.Throw<CheckpointException>(
            () => NetworkCheckpoint.Open(At("t5_fp8.safetensors"))).Message.ShouldContain("expected activations none, found qint8");
        Map("t5_map_fp8.json", ("l", "qint8"));
        NetworkCheckpoint.Open(At("t5_fp8.safetensors")).Dispose();
    }

    [Fact]
    public void Float8_values_are_those_of_the_definition()
    {
        for (int bits = 0; bits < 256; bits++)
        {
            int sign = bits < 128 ? 1 : -1;
            int e4 = bits >> 3 & 15, m3 = bits & 7, e5 = bits >> 2 & 31, m2 = bits & 3;
            double e4m3 = e4 == 15 && m3 == 7
                ? double.NaN
                : sign * (e4 == 0 ? m3 / 8.0 * Math.Pow(2, -6) : (1 + m3 / 8.0) * Math.Pow(2, e4 - 7));
            double e5m2 = e5 == 31
                ? m2 == 0
                ? sign * double.PositiveInfinity
                : double.NaN
                : sign * (e5 == 0 ? m2 / 4.0 * Math.Pow(2, -14) : (1 + m2 / 4.0) * Math.Pow(2, e5 - 15));
            ((double)Float8.FromE4M3((byte)bits)).ShouldBe(e4m3);
            ((double)Float8.FromE5M2((byte)bits)).ShouldBe(e5m2);
        }
    }

    private static void ShouldBeScaled(Checkpoint checkpoint, byte[] data, ElementType type, Func<int, double> scale)
    {
        double[] found = checkpoint.Tensors["l.weight"].ToDoubles();
        for (int i = 0; i < data.Length; i++)
        {
            found[i].ShouldBe(
                scale(i) * (
                    type switch
                    {
                        ElementType.Int8 => (sbyte)data[i],
                        ElementType.Float8E4M3 => Float8.FromE4M3(data[i]),
                        _ => Float8.FromE5M2(data[i]),
                    }),
                1e-6);
        }
    }

    /// <summary>Bytes that are numbers in every 8-bit type.</summary>
    private byte[] Elements(int count) => [.. Enumerable.Range(0, count).Select(_ => (byte)(random.Next(0x7b) | random.Next(2) << 7))];

    private static byte[] Singles(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private void Map(string name, params (string Layer, string Weights)[] layers) =>
        File.WriteAllText(
            At(name), JsonSerializer.Serialize(layers.ToDictionary(l => l.Layer, l => new { weights = l.Weights, activations = "none" })));

    private void Refused(string message, params (string Name, ElementType Type, long[] Shape, byte[] Data)[] tensors)
    {
        Save("refused.safetensors", tensors);
        Should.Throw<CheckpointException>(() => NetworkCheckpoint.Open(At("refused.safetensors"))).Message.ShouldContain(message);
    }

    private LoraFile Lora(params (string Name, long[] Shape)[] tensors)
    {
        Save(
            "lora.safetensors",
            [.. tensors.Select(t => (t.Name, ElementType.Float32, t.Shape, new byte[4 * t.Shape.Aggregate(1L, (a, b) => a * b)]))]);
        return LoraFile.Open(At("lora.safetensors"));
    }

    private void Save(string name, params (string Name, ElementType Type, long[] Shape, byte[] Data)[] tensors)
    {
        using var writer = new SafetensorsWriter(At(name), tensors.Select(t => new TensorOutline(t.Name, t.Type, t.Shape)));
        foreach (var tensor in tensors) writer.Append(tensor.Name, tensor.Data);
        writer.Complete();
    }
}
