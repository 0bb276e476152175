using Locutor.Checkpoints.Formats;

namespace Locutor.Checkpoints.Tests.Pickle;

/// <summary>Files that are cut, changed, or point outside themselves.</summary>
public sealed partial class TorchFileTests
{
    public static TheoryData<string, long, long, long[], long[], string> Views => new()
    {
        { "FloatStorage", 25, 0, [4], [1], "expected a storage of 100 bytes, found 96" },
        { "DoubleStorage", 24, 0, [4], [1], "expected a storage of 192 bytes, found 96" },
        { "FloatStorage", 24, 21, [4], [1], "needs elements up to 24, found a storage of 24" },
        { "FloatStorage", 24, 0, [5, 5], [5, 1], "needs elements up to 24" },
        { "FloatStorage", 24, 0, [2, 2], [long.MaxValue, 1], "needs elements up to" },
        { "FloatStorage", 24, 0, [long.MaxValue, long.MaxValue], [0, 0], "expected under 2^62 bytes" },
        { "FloatStorage", 24, 0, [1L << 40], [0], "of tensors with strides, found 4398046511104" },
        { "FloatStorage", 24, 0, [2, 2], [1], "expected arguments of torch._utils._rebuild_tensor_v2" },
        { "FloatStorage", 24, 0, [-1], [1], "expected arguments of torch._utils._rebuild_tensor_v2" },
        { "FloatStorage", 24, 0, [2], [-1], "expected arguments of torch._utils._rebuild_tensor_v2" },
        { "FloatStorage", 24, -1, [2], [1], "expected arguments of torch._utils._rebuild_tensor_v2" },
        { "FloatStorage", -1, 0, [2], [1], "expected ('storage', class, key, location, count)" },
        { "FloatStorage", long.MaxValue, 0, [2], [1], "expected a storage of" },
        { "NoStorage", 24, 0, [2], [1], "torch.NoStorage" },
    };

    [Theory]
    [MemberData(nameof(Views))]
    public void A_tensor_outside_its_storage_is_refused(
        string kind, long count, long offset, long[] shape, long[] strides, string message) =>
        Refused(Pickler.Whole(p => p.Dictionary([("w", q => q.Tensor(new(kind, "0", count, offset, shape, strides)))])), message);

    [Fact]
    public void A_zip_that_is_no_checkpoint_is_refused()
    {
        byte[] pickle = Pickler.Whole(p => p.Dictionary([("w", q => q.Tensor(View(0, [2], [1])))]));
        RefusedFile(TorchSave.Zip(pickle, []), "storage 0: expected an entry archive/data/0, found none");
        RefusedFile(TorchSave.Zip(pickle, [("0", Numbers), ("0", Numbers)]), "archive/data/0: expected once, found twice");
        RefusedFile(TorchSave.Zip(pickle, [("0", Numbers)], byteorder: "big"), "expected byteorder little, found big");
        RefusedFile(TorchSave.Zip(pickle, [("0", Numbers)], method: 8), "stored without compression, found method 8");
        RefusedFile(TorchSave.Zip(pickle, [("x/data.pkl", pickle)]), "expected one data.pkl in the archive, found 2");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_zip_cut_or_changed_anywhere_is_refused_or_stays_within_its_bounds(bool zip64)
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        byte[] whole = TorchSave.Zip(Module(), [("0", Numbers), ("1", Halves)], zip64);
        for (int length = 0; length < whole.Length; length += random.Next(1, 9))
        {
            Should.Throw<CheckpointException>(
                () => CheckpointFormats.Open(Write("cut.pth", whole[..length]))).Message.ShouldStartWith(At("cut.pth"));
        }

        for (int i = 0; i < 1000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int n = random.Next(1, 4); n > 0; n--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            ShouldBeSafe(Write("changed.pth", changed), $"seed {seed}, round {i}");
        }
    }

    [Fact]
    public void An_older_file_cut_or_changed_anywhere_is_refused_or_stays_within_its_bounds()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        byte[] whole = TorchSave.Legacy(Module(true), [("0", 24, Numbers), ("1", 3, Halves)]);
        for (int length = 0; length < whole.Length; length += random.Next(1, 9))
        {
            Should.Throw<CheckpointException>(
                () => CheckpointFormats.Open(Write("cut.bin", whole[..length]))).Message.ShouldStartWith(At("cut.bin"));
        }

        for (int i = 0; i < 1000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int n = random.Next(1, 4); n > 0; n--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            ShouldBeSafe(Write("changed.bin", changed), $"seed {seed}, round {i}");
        }
    }
}
