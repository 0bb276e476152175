using System.Text;
using System.Text.Json;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Quantised;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests.Safetensors;

public sealed class SafetensorsFileTests : TemporaryFolder
{
    private static readonly ElementType[] Types = [.. Enum.GetValues<ElementType>().Where(t => t.BlockElements() == 1)];

    [Fact]
    public void A_file_written_in_pieces_is_read_back()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        var outlines = Enumerable.Range(0, 60)
            .Select(i => new TensorOutline(
                $"block.{i}.\u00fc\"\\{i}", Types[random.Next(Types.Length)],
                [.. Enumerable.Range(0, random.Next(5)).Select(_ => (long)random.Next(7))]))
                .ToArray();
        var contents = outlines.ToDictionary(
            o => o.Name, o => RandomBytes(random, o.Shape.Aggregate(1L, (product, n) => product * n) * o.Type.Size()));
        using (var writer = new SafetensorsWriter(At("a.safetensors"), outlines, new Dictionary<string, string> { ["by"] = "test \u2603" }))
        {
            var left = outlines.ToDictionary(o => o.Name, _ => 0);
            while (left.Count > 0)
            {
                string name = left.Keys.ElementAt(random.Next(left.Count));
                int part = random.Next(1, 40), length = Math.Min(part, contents[name].Length - left[name]);
                writer.Append(name, contents[name].AsSpan(left[name], length));
                if ((left[name] += length) == contents[name].Length) left.Remove(name);
            }
            File.Exists(At("a.safetensors")).ShouldBeFalse();
            writer.Complete();
        }

        using var file = CheckpointFormats.Open(At("a.safetensors"));
        file.Format.ShouldBe("safetensors");
        file.Metadata["by"].ShouldBe("test \u2603");
        file.Tensors.Count.ShouldBe(outlines.Length, $"seed {seed}");
        foreach (var outline in outlines)
        {
            var tensor = file.Tensors[outline.Name];
            tensor.Type.ShouldBe(outline.Type);
            tensor.Shape.ShouldBe(outline.Shape);
            tensor.Bytes.ToArray().ShouldBe(contents[outline.Name], $"seed {seed}");
            if (tensor.ByteLength > 0) ((long)tensor.Address % outline.Type.Size()).ShouldBe(0, "data are aligned");
        }
        Directory.GetFiles(Folder).Length.ShouldBe(1);
    }

    [Fact]
    public void An_unfinished_file_leaves_nothing_behind_and_keeps_what_was_there()
    {
        Write("a.safetensors", [1, 2, 3]);
        using (var writer = new SafetensorsWriter(At("a.safetensors"), [new("x", ElementType.Int16, [3])]))
        {
            writer.Append("x", [1, 2, 3, 4]);
            Should.Throw<CheckpointException>(writer.Complete).Message.ShouldContain("tensor x: expected 6 bytes, found 4");
            Should.Throw<CheckpointException>(() => writer.Append("x", new byte[3])).Message.ShouldContain("expected 6 bytes");
            Should.Throw<CheckpointException>(() => writer.Append("y", new byte[3])).Message.ShouldContain("tensor y");
        }
        Directory.GetFiles(Folder).ShouldBe([At("a.safetensors")]);
        File.ReadAllBytes(At("a.safetensors")).ShouldBe([1, 2, 3]);
        Should.Throw<CheckpointException>(
            () => new SafetensorsWriter(At("none/a.safetensors"), [])).Message.ShouldContain("cannot be written");
        Should.Throw<CheckpointException>(
            () => new SafetensorsWriter(At("b"), [new("x", ElementType.Q6K, [256])])).Message.ShouldContain("found Q6K");
        Should.Throw<CheckpointException>(
            () => new SafetensorsWriter(At("b"), [new("x", ElementType.Int8, []), new("x", ElementType.Int8, [])]))
            .Message.ShouldContain("found twice");
    }

    public static TheoryData<string, string, string> Lies => new()
    {
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "16",
            "key a: expected once, found twice"
        },
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "12",
            "tensor b: expected data at 8, where the tensor before it ends, found [4, 12)"
        },
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""", "20",
            "tensor b: expected data at 8"
        },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "4", "expected 8 bytes of data after the header, found 4" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "9", "expected 8 bytes of data after the header, found 9" },
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "8",
            "tensor a: expected 8 bytes for F32 [2], found data_offsets [8, 0)"
        },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "8", "tensor a: expected 8 bytes" },
        {
            """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "8",
            "tensor a: expected 12 bytes for F32 [3], found data_offsets [0, 8)"
        },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "8", "tensor a: expected a shape of axes >= 0" },
        {
            """{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}""", "0",
            "tensor a: expected a shape of axes >= 0 under 2^62 bytes, found [4294967296, 4294967296, 4]"
        },
        {
            """{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}""", "8",
            "tensor a: expected shape to hold 64-bit integers, found 9223372036854775808"
        },
        {
            """{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "8",
            "tensor a: expected shape to hold 64-bit integers, found 2.5"
        },
        {
            """{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}""", "8",
            "expected at most 16 axes, found 17"
        },
        { """{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", "8", "found F33" },
        { """{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", "8", "tensor a: expected dtype to be a String, found Number" },
        { """{"a":{"shape":[2],"data_offsets":[0,8]}}""", "8", "tensor a: expected a field dtype, found none" },
        { """{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "8", "tensor a: expected shape to be a Array, found Number" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}""", "8", "tensor a: expected 2 data_offsets, found 3" },
        { """{"a":[]}""", "0", "key a: expected an object, found Array" },
        { """{"__metadata__":{"a":1}}""", "0", "__metadata__.a: expected a string, found Number" },
        { """{"__metadata__":{"a":"1","a":"2"}}""", "0", "__metadata__.a: expected once, found twice" },
        { """[1,2]""", "0", "expected a JSON object as header, found Array" },
        { """{"a":{{}}""", "0", "expected a JSON header" },
        { """{"a":[[[[[[[[[[[[1]]]]]]]]]]]]}""", "0", "expected a JSON header" },
        { "{\"\\ud800\":{}}", "0", "expected a JSON header" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_header_that_contradicts_the_file_is_refused(string header, string dataLength, string message)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        string path = Write("lie.safetensors", [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[int.Parse(dataLength)]]);
        string found = Should.Throw<CheckpointException>(() => CheckpointFormats.Open(path)).Message;
        found.ShouldContain(message);
        found.ShouldStartWith(path);
    }

    [Theory]
    [InlineData(1UL << 31)]
    [InlineData(3UL)]
    [InlineData(100_000_001UL)]
    public void A_header_longer_than_the_file_is_refused(ulong length) =>
        Should.Throw<CheckpointException>(
            () => CheckpointFormats.Open(Write("a.safetensors", [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}'])))
            .Message.ShouldContain($"expected a header of at most 2 bytes, found a length of {length} in a file of 10 bytes");

    [Theory]
    [InlineData(0x0280)]
    [InlineData(0x0050)]
    [InlineData(0x4747)]
    public void A_header_length_that_looks_like_another_format_is_read_as_a_length(int length)
    {
        string json = "{}".PadRight(length);
        using var file = CheckpointFormats.Open(Write("a.bin", [.. BitConverter.GetBytes((long)length), .. Encoding.ASCII.GetBytes(json)]));
        file.Format.ShouldBe("safetensors");
    }

    [Fact]
    public void Missing_empty_and_foreign_files_are_refused_by_name()
    {
        Should.Throw<CheckpointException>(() => CheckpointFormats.Open(At("none"))).Message.ShouldBe($"{At("none")}: no such file");
        Should.Throw<CheckpointException>(
            () => CheckpointFormats.Open(Write("empty.safetensors", []))).Message.ShouldContain("the file is empty");
        Should.Throw<CheckpointException>(
            () => CheckpointFormats.Open(Write("text.txt", "Hello, this is no checkpoint."u8.ToArray())))
            .Message.ShouldContain("a text, not a checkpoint: Hello");
        Should.Throw<CheckpointException>(
            () => CheckpointFormats.Open(Directory.CreateDirectory(At("folder")).FullName))
            .Message.ShouldContain("expected a checkpoint in the folder");
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    public void A_header_longer_than_any_file_is_refused(ulong length) =>
        Should.Throw<CheckpointException>(
            () => SafetensorsFile.Open(Write("a", [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}'])))
            .Message.ShouldContain($"found a length of {length}");

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] whole = Small();
        for (int length = 0; length < whole.Length; length++)
        {
            Should.Throw<CheckpointException>(
                () => SafetensorsFile.Open(Write("cut.safetensors", whole[..length]))).Message.ShouldStartWith(At("cut.safetensors"));
        }
    }

    [Fact]
    public void A_file_changed_anywhere_is_refused_or_stays_within_its_bounds()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        byte[] whole = Small();
        for (int i = 0; i < 1000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int n = random.Next(1, 4); n > 0; n--)
                changed[random.Next(changed.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(' ', 127));
            try
            {
                using var file = SafetensorsFile.Open(Write("changed.safetensors", changed));
                file.Tensors.Values.Sum(t => t.ToDoubles().LongLength).ShouldBeLessThanOrEqualTo(whole.Length);
            }
            catch (CheckpointException e)
            {
                e.Message.ShouldStartWith(At("changed.safetensors"), customMessage: $"seed {seed}, round {i}");
            }
        }
    }

    [Fact]
    public void Shards_are_read_through_their_index()
    {
        WriteShard("s-1.safetensors", "a", "b");
        WriteShard("s-2.safetensors", "c");
        WriteIndex(new() { ["a"] = "s-1.safetensors", ["b"] = "s-1.safetensors", ["c"] = "s-2.safetensors" });
        using (var checkpoint = CheckpointFormats.Open(At("m.safetensors.index.json")))
            checkpoint.Tensors.Keys.Order().ShouldBe(["a", "b", "c"]);
        using (var checkpoint = CheckpointFormats.Open(Folder)) checkpoint.Format.ShouldBe("2 shards of safetensors");

        Refused(new() { ["a"] = "s-2.safetensors" }, "expected a tensor a");
        Refused(new() { ["a"] = "../s-1.safetensors" }, "expected the name of a file beside the index, found ../s-1.safetensors");
        Refused(new() { ["a"] = ".." }, "expected the name of a file beside the index");
        Refused(new() { ["a"] = "s-3.safetensors" }, "no such file");
        Refused(new() { ["a"] = "m.safetensors.index.json" }, "expected safetensors");
        Refused([], "expected keys in weight_map");
        WriteShard("s-2.safetensors", "a", "c");
        Refused(new() { ["a"] = "s-1.safetensors", ["c"] = "s-2.safetensors" }, "tensor a: expected in one shard, found in two");
    }

    [Fact]
    public void Tensors_of_later_files_replace_those_of_earlier_ones()
    {
        WriteShard("1.safetensors", "a", "b");
        WriteShard("2.safetensors", "b", "c");
        using var both = OverlaidCheckpoint.Open([At("1.safetensors"), At("2.safetensors")]);
        both.Tensors.Keys.Order().ShouldBe(["a", "b", "c"]);
        both.Tensors["b"].Bytes.ToArray().ShouldBe("2.sa"u8.ToArray());
        both.Report.ShouldBe([new(At("1.safetensors"), 1, 0, 1), new(At("2.safetensors"), 2, 1, 0)]);
    }

    private void Refused(Dictionary<string, string> map, string message)
    {
        WriteIndex(map);
        Should.Throw<CheckpointException>(() => CheckpointFormats.Open(At("m.safetensors.index.json"))).Message.ShouldContain(message);
    }

    private void WriteIndex(Dictionary<string, string> map) =>
        File.WriteAllText(At("m.safetensors.index.json"), JsonSerializer.Serialize(new { metadata = new { }, weight_map = map }));

    private void WriteShard(string file, params string[] names)
    {
        using var writer = new SafetensorsWriter(At(file), names.Select(n => new TensorOutline(n, ElementType.UInt8, [4])));
        foreach (string name in names) writer.Append(name, Encoding.ASCII.GetBytes(file).AsSpan(0, 4));
        writer.Complete();
    }

    private byte[] Small()
    {
        using (var writer = new SafetensorsWriter(
            At("small"),
            [
                new("weight", ElementType.Float32, [2, 3]), new("bias", ElementType.Float16, [3]), new("scalar", ElementType.Int8, []),
                new("none", ElementType.Float64, [0, 7])
            ],
            new Dictionary<string, string> { ["k"] = "v" }))
        {
            writer.Append("weight", new byte[24]);
            writer.Append("bias", new byte[6]);
            writer.Append("scalar", new byte[1]);
            writer.Complete();
        }
        return File.ReadAllBytes(At("small"));
    }

    private static byte[] RandomBytes(Random random, long count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
