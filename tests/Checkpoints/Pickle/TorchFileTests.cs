using System.Runtime.InteropServices;
using System.Text;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Quantised;

namespace Locutor.Checkpoints.Tests.Pickle;

public sealed partial class TorchFileTests : TemporaryFolder
{
    private static readonly byte[] Numbers =
        [.. MemoryMarshal.AsBytes<float>(Enumerable.Range(0, 24).Select(i => i + 0.5f).ToArray())];

    private static Saved View(long offset, long[] shape, long[] strides) => new("FloatStorage", "0", 24, offset, shape, strides);

    private static byte[] Module(bool legacy = false) => Pickler.Whole(p => p.Dictionary(
    [
        ("whole", q => q.Tensor(View(0, [4, 6], [6, 1]), legacy)),
        ("transposed", q => q.Tensor(View(0, [6, 4], [1, 6]), legacy)),
        ("corner", q => q.Tensor(View(8, [2, 3], [6, 1]), legacy)),
        ("expanded", q => q.Tensor(View(3, [5, 2], [0, 2]), legacy)),
        ("scalar", q => q.Tensor(View(23, [], []), legacy)),
        ("none", q => q.Tensor(View(24, [0, 3], [3, 1]), legacy)),
        ("half", q => q.Tensor(new("BFloat16Storage", "1", 3, 1, [2], [1]), legacy)),
        (
            "parameter",
            q => q.Global("torch._utils", "_rebuild_parameter").Op((byte)'(').Tensor(View(1, [1, 2], [99, 1]), legacy).Op(0x88)
                .OrderedDict().Op((byte)'t', (byte)'R')),
        ]));

    private static readonly byte[] Halves = [0x80, 0x3f, 0x00, 0xc0, 0x20, 0x41];

    private static void ShouldHoldTheModule(Checkpoint file)
    {
        double[] Values(string name) => file.Tensors[name].ToDoubles();
        file.Tensors.Count.ShouldBe(8);
        Values("whole").ShouldBe(Enumerable.Range(0, 24).Select(i => i + 0.5));
        Values("transposed").ShouldBe(Enumerable.Range(0, 24).Select(i => (i % 4 * 6) + (i / 4) + 0.5));
        Values("corner").ShouldBe([8.5, 9.5, 10.5, 14.5, 15.5, 16.5]);
        Values("expanded").ShouldBe(Enumerable.Repeat<double[]>([3.5, 5.5], 5).SelectMany(v => v));
        Values("scalar").ShouldBe([23.5]);
        Values("none").ShouldBeEmpty();
        Values("half").ShouldBe([-2, 10]);
        Values("parameter").ShouldBe([1.5, 2.5]);
        file.Tensors["corner"].Shape.ShouldBe([2, 3]);
        file.Tensors["half"].Type.ShouldBe(ElementType.BFloat16);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensors_of_a_zip_are_rebuilt(bool zip64)
    {
        using var file = CheckpointFormats.Open(Write("a.pth", TorchSave.Zip(Module(), [("0", Numbers), ("1", Halves)], zip64)));
        file.Format.ShouldBe("PyTorch zip");
        ShouldHoldTheModule(file);
        (file.Tensors["corner"].Address - file.Tensors["whole"].Address).ShouldNotBe(32, "rows of a corner are not contiguous");
        (file.Tensors["scalar"].Address - file.Tensors["whole"].Address).ShouldBe(23 * 4, "contiguous tensors share the mapped storage");
    }

    [Fact]
    public void Tensors_of_the_older_format_are_rebuilt()
    {
        using var file = CheckpointFormats.Open(Write("a.bin", TorchSave.Legacy(Module(true), [("0", 24, Numbers), ("1", 3, Halves)])));
        file.Format.ShouldBe("PyTorch pickle");
        ShouldHoldTheModule(file);
    }

    [Fact]
    public void Every_storage_class_has_its_element_type()
    {
        var expected = new Dictionary<string, ElementType>
        {
            ["BoolStorage"] = ElementType.Bool,
            ["ByteStorage"] = ElementType.UInt8,
            ["CharStorage"] = ElementType.Int8,
            ["ShortStorage"] = ElementType.Int16,
            ["IntStorage"] = ElementType.Int32,
            ["LongStorage"] = ElementType.Int64,
            ["HalfStorage"] = ElementType.Float16,
            ["BFloat16Storage"] = ElementType.BFloat16,
            ["FloatStorage"] = ElementType.Float32,
            ["DoubleStorage"] = ElementType.Float64,
        };
        byte[] pickle = Pickler.Whole(
            p => p.Dictionary(expected.Keys.Select(k => (k, (Action<Pickler>)(q => q.Tensor(new(k, k, 2, 1, [1], [1])))))));
        using var file = CheckpointFormats.Open(
            Write("a.pt", TorchSave.Zip(pickle, expected.Select(e => (e.Key, new byte[2 * e.Value.Size()])))));
        file.Tensors.ToDictionary(t => t.Key, t => t.Value.Type).ShouldBe(expected, true);
    }

    [Fact]
    public void Float8_is_rebuilt_from_an_untyped_storage()
    {
        byte[] pickle = Pickler.Whole(p => p.Dictionary([("w", q => q.Global("torch._utils", "_rebuild_tensor_v3").Op((byte)'(')
            .Op((byte)'(').Text("storage").Global("torch.storage", "UntypedStorage").Text("0").Text("cpu").Integer(4)
            .Op((byte)'t', (byte)'Q')
            .Integer(1).Tuple([3]).Tuple([1]).Op(0x89).OrderedDict().Global("torch", "float8_e4m3fn").Op((byte)'t', (byte)'R'))]));
        using var file = CheckpointFormats.Open(Write("a.pt", TorchSave.Zip(pickle, [("0", [0, 0x38, 0xb8, 0x7e])])));
        file.Tensors["w"].ToDoubles().ShouldBe([1, -1, 448]);
    }

    [Theory]
    [InlineData("state_dict")]
    [InlineData("model")]
    [InlineData("anything")]
    public void The_dictionary_of_tensors_is_found_among_other_things(string key)
    {
        byte[] pickle = Pickler.Whole(p => p.Dictionary(
        [
            ("epoch", q => q.Integer(70000)), ("note", q => q.Text("\u00fc")),
            ("best", q => q.Op((byte)'G').Op([0x3f, 0xf0, 0, 0, 0, 0, 0, 0])), ("nothing", q => q.Op((byte)'N')),
            ("list", q => q.Op((byte)']', (byte)'(').Integer(-1).Integer(1L << 40).Op((byte)'e')),
            ("dtype", q => q.Global("torch", "float32")),
            (key, q => q.Dictionary([("w", r => r.Tensor(View(0, [24], [1]))), ("step", r => r.Integer(3))])),
        ], false));
        using var file = CheckpointFormats.Open(Write("a.pt", TorchSave.Zip(pickle, [("0", Numbers)])));
        file.Tensors.Keys.ShouldBe(["w"]);
    }

    [Fact]
    public void Of_several_dictionaries_of_tensors_one_must_be_known_by_name()
    {
        Action<Pickler> weights = q => q.Dictionary([("w", r => r.Tensor(View(0, [24], [1])))]);
        Refused(
            Pickler.Whole(p => p.Dictionary([("left", weights), ("right", weights)])),
            "expected one dictionary of tensors, found left, right");
        using var file = CheckpointFormats.Open(
            Write("b.pt", TorchSave.Zip(Pickler.Whole(p => p.Dictionary([("ema", weights), ("state_dict", weights)])), [("0", Numbers)])));
        file.Tensors.Count.ShouldBe(1);
    }

    public static TheoryData<string, string> Attacks => new()
    {
        { "cposix\nsystem\n(S'id'\ntR.", "posix.system" },
        { "cnt\nsystem\n.", "nt.system" },
        { "cbuiltins\neval\n(X\u0001\0\0\0" + "1tR.", "builtins.eval" },
        { "c__builtin__\nexec\n.", "__builtin__.exec" },
        { "csubprocess\nPopen\n.", "subprocess.Popen" },
        { "ctorch\nload\n.", "torch.load" },
        { "ctorch._utils\n__builtins__\n.", "torch._utils.__builtins__" },
        { "ctorch\n_utils._rebuild_tensor_v2\n)R.", "expected arguments of torch._utils._rebuild_tensor_v2" },
        { "(i__main__\nX\n.", "makes an object of a class" },
        { "cos\nsystem\n\u0081.", "os.system" },
        { "\u0082\u0001.", "extension registry" },
        { "NNb.", "sets the state of an object" },
        { "ccollections\nOrderedDict\n(}K\u0001tR.", "expected arguments of collections.OrderedDict" },
        { "ctorch\nFloatStorage\n(K\u0001tR.", "expected arguments of torch.FloatStorage" },
        { "(X\u0007\0\0\0storagecos\nsystem\ntQ.", "os.system" },
        {
            "(X\u0007\0\0\0storageX\u0001\0\0\0aX\u0001\0\0\0bX\u0001\0\0\0cK\u0001tQ.",
            "expected ('storage', class, key, location, count)"
        },
        { "Pabc\n.", "expected a pickle opcode, found 0x50" },
        { "h\u0005.", "expected memo 5" },
        { "0.", "expected a value on the pickle's stack" },
        { "(0.", "expected a value on the pickle's stack" },
        { "t.", "expected a mark" },
        { "X\u00ff\u00ff\u00ff\u00ff.", "the pickle needs 4294967295 bytes" },
        { "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ffabc.", "the pickle needs 18446744073709551615 bytes" },
        { "\u008b\u00ff\u00ff\u00ff\u007f.", "expected an integer of at most 256 bytes, found 2147483647" },
        { "X\u0002\0\0\0\u00ff\u00fe.", "expected UTF-8 text" },
        { "}]K\u0001s.", "expected a text or number as key" },
        { "K\u0001a.", "expected a list to append to" },
        { "NK\u0001a.", "expected a list to append to" },
        { "]", "needs 1 bytes" },
        { "K\u0001.", "expected a dictionary of tensors, found Int64" },
        { "\u0080\u0009.", "expected pickle protocol 0 to 5, found 9" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void A_pickle_that_asks_for_more_than_tensors_is_refused(string pickle, string message)
    {
        Refused(Encoding.Latin1.GetBytes(pickle), message);
        byte[] raw = [0x80, 2, .. Encoding.Latin1.GetBytes(pickle)];
        Should.Throw<CheckpointException>(() => CheckpointFormats.Open(Write("raw.pth", raw))).Message.ShouldStartWith(At("raw.pth"));
    }

    [Fact]
    public void A_bare_pickle_that_calls_the_system_is_refused_by_the_name_of_the_call() =>
        Should.Throw<CheckpointException>(() => CheckpointFormats.Open(Write(
            "evil.pth",
            [
                0x80, 4, .. "\u0095\u001d\0\0\0\0\0\0\0\u008c\u0005posix\u0094"u8,
                .. "\u008c\u0006system\u0094\u0093\u0094\u008c\u0002id\u0094\u0085\u0094R\u0094."u8
            ]))).Message.ShouldStartWith(At("evil.pth"));

    [Fact]
    public void Protocol_4_names_its_globals_on_the_stack()
    {
        byte[] pickle =
        [
            0x80, 4, 0x95, 29, 0, 0, 0, 0, 0, 0, 0, 0x8c, 5, .. "posix"u8, 0x94, 0x8c, 6, .. "system"u8, 0x94, 0x93, 0x94, 0x8c, 2,
            .. "id"u8, 0x94, 0x85, 0x94, (byte)'R', 0x94, (byte)'.'
        ];
        Should.Throw<CheckpointException>(() => CheckpointFormats.Open(Write("evil.pth", pickle))).Message.ShouldBe(
            $"{At("evil.pth")}: refused: the pickle names posix.system, which is not needed to rebuild tensors and may run code");
    }

    [Fact]
    public void Deep_and_self_containing_values_end_in_an_error()
    {
        Refused(
            [.. Enumerable.Repeat((byte)']', 1_000_000), .. Enumerable.Repeat((byte)'a', 999_999), (byte)'.'],
            "expected a dictionary of tensors");
        Refused(
            [.. Enumerable.Repeat((byte)'(', 3_000_000), .. Enumerable.Repeat((byte)'t', 3_000_000), (byte)'.'],
            "expected at most 4000000 opcodes");
        Refused("}q\0X\u0001\0\0\0ah\0s."u8.ToArray(), "and no tensor");
    }

    private static void ShouldBeSafe(string path, string round)
    {
        try
        {
            using var file = CheckpointFormats.Open(path);
            file.Tensors.Values.Sum(t => t.ToDoubles().LongLength).ShouldBeLessThan(100_000_000);
        }
        catch (CheckpointException e)
        {
            e.Message.ShouldStartWith(path, customMessage: round);
        }
    }

    private void Refused(byte[] pickle, string message) => RefusedFile(TorchSave.Zip(pickle, [("0", Numbers)]), message);

    private void RefusedFile(byte[] bytes, string message)
    {
        string found = Should.Throw<CheckpointException>(() => CheckpointFormats.Open(Write("refused.pth", bytes))).Message;
        found.ShouldContain(message);
        found.ShouldStartWith(At("refused.pth"));
    }
}
