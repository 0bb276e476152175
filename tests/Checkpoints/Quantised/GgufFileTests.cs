using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Quantised;

namespace Locutor.Checkpoints.Tests.Quantised;

public sealed class GgufFileTests : TemporaryFolder
{
    [Theory]
    [InlineData(3, 32)]
    [InlineData(2, 64)]
    public void Every_block_type_has_its_values(uint version, int alignment)
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        var q8 = GgufWriter.Blocks(6, () => GgufWriter.Q8(random));
        var q4 = GgufWriter.Blocks(4, () => GgufWriter.Fours(random, false));
        var q5 = GgufWriter.Blocks(3, () => GgufWriter.Fours(random, true));
        var q6 = GgufWriter.Blocks(5, () => GgufWriter.Q6K(random));
        byte[] bytes = new GgufWriter { Version = version, Alignment = alignment }.Text("general.architecture", "wan")
            .Integers("comfy.gguf.orig_shape.f32", 2, 1, 3).Add("q8", 8, [3, 64], q8.Data).Add("q4", 12, [2, 512], q4.Data)
            .Add("q5", 13, [3, 256], q5.Data).Add("q6", 14, [5, 256], q6.Data)
            .Add("f32", 0, [6], [.. new[] { 1f, 2, 3, 4, 5, -6 }.SelectMany(BitConverter.GetBytes)]).Add("f16", 1, [2], [0, 0x3c, 0, 0xc0])
            .Add("bf16", 30, [1, 1], [0x80, 0x3f]).Bytes();
        using var file = CheckpointFormats.Open(Write("m.gguf", bytes));
        file.Format.ShouldBe("GGUF");
        file.Metadata["general.architecture"].ShouldBe("wan");
        ShouldHold(file, "q8", [3, 64], q8.Values, seed);
        ShouldHold(file, "q4", [2, 512], q4.Values, seed);
        ShouldHold(file, "q5", [3, 256], q5.Values, seed);
        ShouldHold(file, "q6", [5, 256], q6.Values, seed);
        ShouldHold(file, "f32", [2, 1, 3], [1, 2, 3, 4, 5, -6], seed);
        ShouldHold(file, "f16", [2], [1, -2], seed);
        ShouldHold(file, "bf16", [1, 1], [1], seed);
    }

    [Theory]
    [InlineData(2, "Q4_0")]
    [InlineData(3, "Q4_1")]
    [InlineData(6, "Q5_0")]
    [InlineData(7, "Q5_1")]
    [InlineData(10, "Q2_K")]
    [InlineData(11, "Q3_K")]
    [InlineData(20, "IQ4_NL")]
    [InlineData(23, "IQ4_XS")]
    [InlineData(39, "MXFP4")]
    public void Low_bit_types_have_their_values(uint number, string name)
    {
        int seed = TestSeed.Value;
        var random = TestSeed.NewRandom();
        Func<(byte[] Block, double[] Values)> block = name switch
        {
            "Q4_0" => () => GgufWriter.Legacy(random, five: false, minimum: false),
            "Q4_1" => () => GgufWriter.Legacy(random, five: false, minimum: true),
            "Q5_0" => () => GgufWriter.Legacy(random, five: true, minimum: false),
            "Q5_1" => () => GgufWriter.Legacy(random, five: true, minimum: true),
            "Q2_K" => () => GgufWriter.Q2K(random),
            "Q3_K" => () => GgufWriter.Q3K(random),
            "IQ4_NL" => () => GgufWriter.NonLinear(random, groups: false),
            "IQ4_XS" => () => GgufWriter.NonLinear(random, groups: true),
            _ => () => GgufWriter.Mxfp4(random),
        };
        var blocks = GgufWriter.Blocks(6, block);
        long width = blocks.Values.Length / 3;
        using var file = CheckpointFormats.Open(
            Write("m.gguf", new GgufWriter().Text("general.architecture", "wan").Add("w", number, [3, width], blocks.Data).Bytes()));
        ShouldHold(file, "w", [3, width], blocks.Values, seed);
        file.Tensors["w"].IsQuantised.ShouldBeTrue();
        file.Tensors["w"].Type.Label().ShouldBe(name);
        float[] last = new float[width];
        file.Tensors["w"].ReadSingles(2 * width, last);
        for (int i = 0; i < width; i++)
            ((double)last[i]).ShouldBe(blocks.Values[2 * width + i], 1e-5 * (1 + Math.Abs(blocks.Values[2 * width + i])), $"seed {seed}");
    }

    [Fact]
    public void Wrong_headers_are_refused()
    {
        Refused(new GgufWriter { Version = 4 }, "expected GGUF version 2 or 3, found 4");
        Refused(new GgufWriter { Alignment = 48 }, "expected a power of 2");
        Refused(new GgufWriter().Add("a", 8, [2, 20], new byte[68]), "tensor a: expected rows of a multiple of 32 for Q8_0, found [2, 20]");
        Refused(new GgufWriter().Add("a", 99, [4], new byte[4]), "found type number 99");
        Refused(
            new GgufWriter().Add("a", 16, [256], new byte[66]),
            "found type IQ2_XXS, which is not read: fetch the Q4_K, Q5_K, Q6_K or Q8_0 file");
        Refused(new GgufWriter().Add("a", 0, [4], new byte[15]), "found a file of");
        Refused(new GgufWriter().Add("a", 0, [1L << 40, 1L << 40], []), "expected axes >= 0 under 2^62 elements");
        Refused(new GgufWriter().Add("a", 0, [-4], []), "expected under 2^62, found 18446744073709551612");
        Refused(new GgufWriter().Add("a", 0, [.. Enumerable.Repeat(1L, 17)], new byte[4]), "expected at most 16 axes, found 17");
        Refused(new GgufWriter().Add("a", 0, [1], new byte[4]).Add("a", 0, [1], new byte[4]), "tensor a: expected once");
        Refused(new GgufWriter().Text("k", "1").Text("k", "2"), "k: expected once");
        Refused(
            new GgufWriter().Integers("comfy.gguf.orig_shape.a", 2, 3).Add("a", 0, [5], new byte[20]),
            "expected an original shape of 5 elements, found [2, 3]");
        Refused(
            new GgufWriter().Integers("comfy.gguf.orig_shape.a", -2, -3).Add("a", 0, [6], new byte[24]),
            "expected an original shape of 6 elements");
    }

    [Fact]
    public void A_file_cut_or_changed_anywhere_is_refused_or_stays_within_its_bounds()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        byte[] whole = new GgufWriter().Text("general.architecture", "wan").Integers("list", 1, 2, 3)
            .Add("q8", 8, [1, 32], GgufWriter.Q8(random).Block).Add("q6", 14, [1, 256], GgufWriter.Q6K(random).Block)
            .Add("f", 0, [3], new byte[12]).Bytes();
        for (int length = 0; length < whole.Length; length++)
        {
            Should.Throw<CheckpointException>(
                () => GgufFile.Open(Write("cut.gguf", whole[..length]))).Message.ShouldStartWith(At("cut.gguf"));
        }

        for (int i = 0; i < 1000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int n = random.Next(1, 4); n > 0; n--) changed[random.Next(changed.Length - 350)] = (byte)random.Next(256);
            try
            {
                using var file = GgufFile.Open(Write("changed.gguf", changed));
                file.Tensors.Values.Sum(t => t.ToDoubles().LongLength).ShouldBeLessThan(10_000);
            }
            catch (CheckpointException e)
            {
                e.Message.ShouldStartWith(At("changed.gguf"), customMessage: $"seed {seed}, round {i}");
            }
        }
    }

    private void Refused(GgufWriter writer, string message) =>
        Should.Throw<CheckpointException>(() => CheckpointFormats.Open(Write("lie.gguf", writer.Bytes()))).Message.ShouldContain(message);

    private static void ShouldHold(Checkpoint file, string name, long[] shape, double[] values, int seed)
    {
        file.Tensors[name].Shape.ShouldBe(shape);
        double[] found = file.Tensors[name].ToDoubles();
        found.Length.ShouldBe(values.Length);
        for (int i = 0; i < found.Length; i++) found[i].ShouldBe(values[i], 1e-5 * (1 + Math.Abs(values[i])), $"seed {seed}: {name}[{i}]");
    }
}
