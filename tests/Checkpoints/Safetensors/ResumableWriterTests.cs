using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests.Safetensors;

public sealed class ResumableWriterTests : TemporaryFolder
{
    private static readonly TensorOutline[] Outlines =
    [
        new("a", ElementType.Int8, [1000]), new("b", ElementType.Float32, [7, 3]), new("empty", ElementType.BFloat16, [0, 4]),
        new("c", ElementType.BFloat16, [501])
    ];
    private static readonly Dictionary<string, string> Metadata = new() { ["made"] = "of \"this\"" };
    private readonly Random random = TestSeed.NewRandom();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Complete_tensors_are_kept_and_the_finished_file_is_equal()
    {
        var bytes = Bytes();
        using (var whole = new ResumableWriter(At("whole"), "x", Outlines, Metadata)) Finish(whole, bytes);
        using (var first = new ResumableWriter(At("m"), "x", Outlines, Metadata))
        {
            Append(first, bytes, "c");
            first.Append("a", bytes["a"].AsSpan(0, 400)); // stopped within a tensor
        }
        File.Exists(At("m")).ShouldBeFalse();
        long kept = 0;
        using (var second = new ResumableWriter(At("m"), "x", Outlines, Metadata, n => kept += n, Stop))
        {
            (second.IsDone("c"), second.IsDone("a"), second.IsDone("b")).ShouldBe((true, false, false));
            (second.BytesDone, kept, ResumableWriter.BytesLeftBy(At("m"))).ShouldBe((1002, 1002, 1002));
            Should.Throw<CheckpointException>(second.Complete).Message.ShouldContain("tensor b: expected 84 bytes, found 0");
            Finish(second, bytes);
        }
        File.ReadAllBytes(At("m")).ShouldBe(File.ReadAllBytes(At("whole")));
        TensorHashes.Verify(At("m"), null, Stop);
        using var file = SafetensorsFile.Open(At("m"));
        foreach (var (name, expected) in bytes) file.Tensors[name].Bytes.ToArray().ShouldBe(expected, name);
        file.Metadata["made"].ShouldBe("of \"this\"");
        Directory.EnumerateFiles(Folder).Count().ShouldBe(2, "nothing stays beside the files");
    }

    [Fact]
    public void Bytes_that_were_lost_are_written_again()
    {
        var bytes = Bytes();
        using (var first = new ResumableWriter(At("m"), "x", Outlines, Metadata))
            foreach (string name in bytes.Keys) Append(first, bytes, name);
        byte[] part = File.ReadAllBytes(At("m.part"));
        part[^1] ^= 1; // the last tensor of the file: wide types come first
        File.WriteAllBytes(At("m.part"), part);
        File.AppendAllText(At("m.journal"), "00ff torn");
        using var second = new ResumableWriter(At("m"), "x", Outlines, Metadata, cancellationToken: Stop);
        (second.IsDone("a"), second.IsDone("b"), second.IsDone("c"), second.IsDone("empty")).ShouldBe((false, true, true, true));
        Finish(second, bytes);
        TensorHashes.Verify(At("m"), null, Stop);
    }

    [Fact]
    public void Tensors_of_another_file_are_discarded()
    {
        var bytes = Bytes();
        using (var first = new ResumableWriter(At("m"), "x", Outlines, Metadata)) Append(first, bytes, "a");
        using (var other = new ResumableWriter(At("m"), "y", Outlines, Metadata)) other.BytesDone.ShouldBe(0);
        using (var third = new ResumableWriter(At("m"), "y", [.. Outlines, new("d", ElementType.Int8, [3])], Metadata))
            third.BytesDone.ShouldBe(0);
    }

    [Fact]
    public void Two_writers_of_one_file_are_refused()
    {
        using var first = new ResumableWriter(At("m"), "x", Outlines, Metadata);
        Should.Throw<CheckpointException>(
            () => new ResumableWriter(At("m"), "x", Outlines, Metadata)).Message.ShouldContain("cannot be written");
    }

    [Fact]
    public void Damage_is_found_by_tensor()
    {
        var bytes = Bytes();
        using (var writer = new ResumableWriter(At("m"), "x", Outlines, Metadata)) Finish(writer, bytes);
        byte[] file = File.ReadAllBytes(At("m"));
        int place = random.Next(1, 1001); // the narrowest type is last in the file: tensor "a"
        file[^place] ^= 0x10;
        File.WriteAllBytes(At("m"), file);
        Should.Throw<CheckpointException>(
            () => TensorHashes.Verify(At("m"), null, Stop)).Message.ShouldContain("tensor a: expected SHA-256 ");
    }

    [Fact]
    public void More_bytes_than_announced_are_refused()
    {
        using var writer = new ResumableWriter(At("m"), "x", Outlines, Metadata);
        Should.Throw<CheckpointException>(() => writer.Append("a", new byte[1001])).Message.ShouldContain(
            "expected 1000 bytes for Int8 [1000], found 1001");
        Should.Throw<CheckpointException>(() => writer.Append("z", new byte[1])).Message.ShouldContain(
            "tensor z: expected one of the 4 announced");
        writer.Append("a", new byte[1000]);
        Should.Throw<CheckpointException>(() => writer.Append("a", [])).Message.ShouldContain("it is whole");
    }

    private Dictionary<string, byte[]> Bytes() => Outlines.ToDictionary(o => o.Name, o =>
    {
        byte[] bytes = new byte[o.Shape.Aggregate((long)o.Type.Size(), (product, n) => product * n)];
        random.NextBytes(bytes);
        return bytes;
    });

    private static void Append(ResumableWriter writer, Dictionary<string, byte[]> bytes, string name)
    {
        writer.Append(name, bytes[name].AsSpan(0, bytes[name].Length / 2));
        if (!writer.IsDone(name)) writer.Append(name, bytes[name].AsSpan(bytes[name].Length / 2));
    }

    private static void Finish(ResumableWriter writer, Dictionary<string, byte[]> bytes)
    {
        foreach (string name in bytes.Keys.Where(name => !writer.IsDone(name)))
        {
            writer.Restart(name);
            Append(writer, bytes, name);
        }
        writer.Complete();
    }
}
