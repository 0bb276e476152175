using System.Text;
using System.Text.Json;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests.Fuzzing;

/// <summary>
/// The valid files that fuzzing starts from: a few hundred bytes each; together they use every feature of the readers.
/// </summary>
internal static class FuzzCorpus
{
    public static string[] Formats { get; } =
    [
        "safetensors", "quantised safetensors", "quanto map", "PyTorch zip", "PyTorch pickle", "GGUF", "GGUF network", "ports", "index",
        "adapter"
    ];

    /// <summary>The checkpoint that the adapters are applied to.</summary>
    public static IReadOnlyDictionary<string, long[]> Network { get; } = new Dictionary<string, long[]>
    {
        ["blocks.0.l.weight"] = [4, 4],
        ["blocks.0.l.bias"] = [4],
        ["blocks.0.modulation"] = [1, 6, 4],
        ["blocks.0.self_attn.q.weight"] = [4, 4],
        ["patch_embedding.weight"] = [4, 2, 1, 2, 2],
    };

    /// <summary>Whether files are opened as a network wants them, scales and markers joined to their weights.</summary>
    public static bool IsOfANetwork(string format) => format is "quantised safetensors" or "quanto map" or "GGUF network" or "ports";

    /// <summary>The name under which the changed file is written.</summary>
    public static string FileName(string format) => format switch { "index" => "m.index.json", "quanto map" => "q.json", _ => "m" };

    /// <summary>
    /// Returns the file to open after <paramref name="changed"/> was written: for a map, the checkpoint next to it.
    /// </summary>
    public static string ToOpen(string format, string changed) =>
        format == "quanto map" ? Path.ChangeExtension(changed, ".safetensors") : changed;

    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="folder">Where files that the changed one names are put.</param>
    public static byte[][] Load(string format, string folder) => format switch
    {
        "safetensors" =>
        [
            Safetensors(
                folder, ("w", ElementType.Float32, [2, 3]), ("b", ElementType.BFloat16, [3]), ("s", ElementType.Int8, []),
                ("e", ElementType.Float64, [0, 2])),
            Safetensors(
                folder, ("blocks.0.x", ElementType.UInt8, [40]), ("blocks.1.x", ElementType.Float8E5M2, [40]),
                ("blocks.2.x", ElementType.Int64, [1, 5])),
            Safetensors(folder),
        ],
        "quantised safetensors" =>
        [
            Safetensors(
                folder, ("diffusion_model.l.weight", ElementType.Float8E4M3, [4, 4]),
                ("diffusion_model.l.scale_weight", ElementType.Float32, [1]), ("scaled_fp8", ElementType.Float8E4M3, [2])),
            Safetensors(
                folder, ("model.diffusion_model.l.weight", ElementType.Float8E5M2, [4, 4]),
                ("model.diffusion_model.l.weight_scale", ElementType.Float16, [4, 1]),
                ("model.diffusion_model.l.bias", ElementType.BFloat16, [4])),
            Quanto(folder),
        ],
        "quanto map" => QuantoMaps(folder),
        "PyTorch zip" =>
        [
            TorchSave.Zip(Module(false), Storages), TorchSave.Zip(Nested(false), Storages, zip64: true),
            TorchSave.Zip(Module(false), Storages, method: 8)
        ],
        "PyTorch pickle" =>
            [TorchSave.Legacy(Module(true), [("0", 24, new byte[96])]), TorchSave.Legacy(Nested(true), [("0", 24, new byte[96])])],
        "GGUF" or "GGUF network" => Gguf(),
        "ports" => Ports(folder),
        "index" => Indices(folder),
        _ => Adapters(folder),
    };

    private static IEnumerable<(string, byte[])> Storages => [("0", new byte[96])];

    private static Saved View(long offset, long[] shape, long[] strides) => new("FloatStorage", "0", 24, offset, shape, strides);

    private static byte[] Module(bool legacy) => Pickler.Whole(p => p.Dictionary(
    [
        ("a", q => q.Tensor(View(0, [4, 6], [6, 1]), legacy)), ("b", q => q.Tensor(View(1, [5, 2], [1, 3]), legacy)),
        ("c", q => q.Tensor(View(24, [0], [1]), legacy)),
        (
            "p",
            q => q.Global("torch._utils", "_rebuild_parameter").Op((byte)'(').Tensor(View(2, [1, 2], [9, 1]), legacy).Op(0x88)
                .OrderedDict().Op((byte)'t', (byte)'R')),
        ]));

    private static byte[] Nested(bool legacy) => Pickler.Whole(p => p.Dictionary(
    [
        ("epoch", q => q.Integer(70000)),
        ("args", q => q.Dictionary([("name", r => r.Text("wan")), ("sizes", r => r.Tuple([1, 1L << 40, -3]))], false)),
        (
            "state_dict",
            q => q.Dictionary(
                [
                    ("a.weight", r => r.Tensor(View(0, [2, 3, 4], [12, 4, 1]), legacy)),
                    ("a.bias", r => r.Tensor(View(3, [3, 2], [2, 0]), legacy))
                ])),
        ], false));

    private static byte[] Quanto(string folder) =>
        Safetensors(
            folder, ("l.weight._data", ElementType.Int8, [4, 4]), ("l.weight._scale", ElementType.Float32, [4, 1]),
            ("l.input_scale", ElementType.Float32, []));

    private static byte[][] QuantoMaps(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, "q.safetensors"), Quanto(folder));
        return
        [
            JsonSerializer.SerializeToUtf8Bytes(new { l = new { weights = "qint8", activations = "none" } }),
            JsonSerializer.SerializeToUtf8Bytes(
                new { l = new { weights = "qint8", activations = "none" }, m = new { weights = "none", activations = "none" } }),
            JsonSerializer.SerializeToUtf8Bytes(new { l = new { weights = "qfloat8_e4m3fn", activations = "none" } }),
        ];
    }

    private static byte[][] Gguf()
    {
        var random = new Random(1);
        byte[] Q8(int count) => GgufWriter.Blocks(count, () => GgufWriter.Q8(random)).Data;
        return
        [
            new GgufWriter().Text("general.architecture", "wan").Integers("comfy.gguf.orig_shape.f", 1, 3).Add("q", 8, [2, 32], Q8(2))
                .Add("k", 14, [1, 256], GgufWriter.Q6K(random).Block).Add("f", 0, [3], new byte[12]).Bytes(),
            new GgufWriter { Version = 2, Alignment = 64 }
                .Add("diffusion_model.a.weight", 12, [2, 256], GgufWriter.Blocks(2, () => GgufWriter.Fours(random, false)).Data)
                .Add("diffusion_model.b.weight", 13, [1, 512], GgufWriter.Blocks(2, () => GgufWriter.Fours(random, true)).Data)
                .Add("diffusion_model.c.bias", 30, [2, 2], new byte[8]).Add("diffusion_model.d.bias", 1, [], new byte[2]).Bytes(),
            new GgufWriter().Integers("comfy.gguf.orig_shape.p", 2, 1, 4, 2, 2).Text("general.file_type", "7")
                .Add("p", 8, [2, 32], Q8(2)).Bytes(),
            LowBits(random),
        ];
    }

    /// <summary>One tensor with one block for each low-bit type. All bytes are below 60, so scales at any position are finite.</summary>
    private static byte[] LowBits(Random random)
    {
        var file = new GgufWriter();
        foreach (var (number, type) in
                new[]
                {
                    (2u, ElementType.Q40), (3u, ElementType.Q41), (6u, ElementType.Q50), (7u, ElementType.Q51), (10u, ElementType.Q2K),
                    (11u, ElementType.Q3K), (20u, ElementType.Iq4Nl), (23u, ElementType.Iq4Xs), (39u, ElementType.Mxfp4),
                })
        {
            file.Add(
                $"t{number}", number, [1, type.BlockElements()], [.. Enumerable.Range(0, type.Size()).Select(_ => (byte)random.Next(60))]);
        }

        return file.Bytes();
    }

    private static byte[][] Ports(string folder)
    {
        (string, ElementType, long[])[] Projections(ElementType type, params (string Member, ElementType Type, long[] Shape)[] more) =>
            [
                .. "qkv".SelectMany(part => more.Prepend(("weight", type, [2, 4])).Select(
                    m => ($"vision_model.encoder.layers.0.self_attn.{part}_proj.{m.Item1}", m.Item2, m.Item3)))
            ];
        return
        [
            Safetensors(
                folder,
                [
                    ("vision_model.embeddings.class_embedding", ElementType.Float16, [4]),
                    ("vision_model.embeddings.position_embedding.weight", ElementType.Float16, [3, 4]),
                    .. Projections(ElementType.Float16, ("bias", ElementType.Float16, [2]))
                ]),
            Safetensors(folder, Projections(ElementType.Float8E4M3, ("scale_weight", ElementType.Float32, [1]))),
            Safetensors(folder, Projections(ElementType.Int8, ("weight_scale", ElementType.Float32, [2, 1]))),
            Safetensors(
                folder, ("shared.weight", ElementType.BFloat16, [4, 4]),
                ("encoder.block.0.layer.0.SelfAttention.q.weight", ElementType.Float8E4M3, [4, 4]),
                ("encoder.block.0.layer.0.SelfAttention.q.scale_weight", ElementType.Float32, []),
                ("spiece_model", ElementType.UInt8, [9])),
        ];
    }

    private static byte[][] Indices(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, "s1.safetensors"), Safetensors(folder, ("a", ElementType.Int8, [4])));
        File.WriteAllBytes(Path.Combine(folder, "s2.safetensors"), Safetensors(folder, ("b", ElementType.Int8, [4])));
        File.WriteAllBytes(Path.Combine(folder, "s3.bin"), TorchSave.Zip(Module(false), Storages));
        return
        [
            JsonSerializer.SerializeToUtf8Bytes(
                new { metadata = new { total_size = 8 }, weight_map = new { a = "s1.safetensors", b = "s2.safetensors" } }),
            JsonSerializer.SerializeToUtf8Bytes(new { weight_map = new { a = "s3.bin", b = "s3.bin", c = "s3.bin" } }),
            Encoding.UTF8.GetBytes("{\"weight_map\":{}}"),
        ];
    }

    private static byte[][] Adapters(string folder) =>
    [
        Safetensors(
            folder, ("diffusion_model.blocks.0.l.lora_down.weight", ElementType.Float32, [2, 4]),
            ("diffusion_model.blocks.0.l.lora_up.weight", ElementType.Float32, [4, 2]),
            ("diffusion_model.blocks.0.l.alpha", ElementType.Float32, [])),
        Safetensors(
            folder, ("lora_unet_blocks_0_l.diff_b", ElementType.Float16, [4]),
            ("diffusion_model.blocks.0.diff_m", ElementType.BFloat16, [6, 4])),
        Safetensors(
            folder, ("transformer.blocks.0.attn1.to_q.lora_A.default.weight", ElementType.Float32, [1, 4]),
            ("transformer.blocks.0.attn1.to_q.lora_B.default.weight", ElementType.Float32, [4, 1])),
        Safetensors(
            folder, ("base_model.model.patch_embedding.lora_down.weight", ElementType.Float16, [2, 2, 1, 2, 2]),
            ("base_model.model.patch_embedding.lora_up.weight", ElementType.Float16, [4, 2, 1, 1, 1])),
    ];

    private static byte[] Safetensors(string folder, params (string Name, ElementType Type, long[] Shape)[] tensors)
    {
        string path = Path.Combine(folder, "corpus");
        using (var writer = new SafetensorsWriter(
            path, tensors.Select(t => new TensorOutline(t.Name, t.Type, t.Shape)), new Dictionary<string, string> { ["format"] = "pt" }))
        {
            foreach (var t in tensors) writer.Append(t.Name, new byte[t.Shape.Aggregate(1L, (a, b) => a * b) * t.Type.Size()]);
            writer.Complete();
        }
        return File.ReadAllBytes(path);
    }
}
