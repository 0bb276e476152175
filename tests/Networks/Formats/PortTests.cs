using Locutor.Checkpoints.Naming;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests.Formats;

/// <summary>The text and the picture encoder from files with the names of the transformers library and of llama.cpp.</summary>
public sealed class PortTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-ports-").FullName;

    private static readonly Dictionary<string, (string Ours, string Theirs)[]> Names = new()
    {
        ["text encoder, transformers"] =
        [
            ("token_embedding.", "shared."), ("norm.", "encoder.final_layer_norm."),
            ("blocks.#.norm1.", "encoder.block.#.layer.0.layer_norm."),
            ("blocks.#.attn.q.", "encoder.block.#.layer.0.SelfAttention.q."),
            ("blocks.#.attn.k.", "encoder.block.#.layer.0.SelfAttention.k."),
            ("blocks.#.attn.v.", "encoder.block.#.layer.0.SelfAttention.v."),
            ("blocks.#.attn.o.", "encoder.block.#.layer.0.SelfAttention.o."),
            ("blocks.#.pos_embedding.embedding.", "encoder.block.#.layer.0.SelfAttention.relative_attention_bias."),
            ("blocks.#.norm2.", "encoder.block.#.layer.1.layer_norm."),
            ("blocks.#.ffn.gate.0.", "encoder.block.#.layer.1.DenseReluDense.wi_0."),
            ("blocks.#.ffn.fc1.", "encoder.block.#.layer.1.DenseReluDense.wi_1."),
            ("blocks.#.ffn.fc2.", "encoder.block.#.layer.1.DenseReluDense.wo."),
        ],
        ["text encoder, llama.cpp"] =
        [
            ("token_embedding.", "token_embd."), ("norm.", "enc.output_norm."), ("blocks.#.norm1.", "enc.blk.#.attn_norm."),
            ("blocks.#.attn.q.", "enc.blk.#.attn_q."), ("blocks.#.attn.k.", "enc.blk.#.attn_k."),
            ("blocks.#.attn.v.", "enc.blk.#.attn_v."), ("blocks.#.attn.o.", "enc.blk.#.attn_o."),
            ("blocks.#.pos_embedding.embedding.", "enc.blk.#.attn_rel_b."), ("blocks.#.norm2.", "enc.blk.#.ffn_norm."),
            ("blocks.#.ffn.gate.0.", "enc.blk.#.ffn_gate."), ("blocks.#.ffn.fc1.", "enc.blk.#.ffn_up."),
            ("blocks.#.ffn.fc2.", "enc.blk.#.ffn_down."),
        ],
        ["picture encoder, transformers"] =
        [
            ("visual.cls_embedding", "vision_model.embeddings.class_embedding"),
            ("visual.pos_embedding", "vision_model.embeddings.position_embedding.weight"),
            ("visual.patch_embedding.", "vision_model.embeddings.patch_embedding."),
            ("visual.pre_norm.", "vision_model.pre_layrnorm."),
            ("visual.transformer.#.norm1.", "vision_model.encoder.layers.#.layer_norm1."),
            ("visual.transformer.#.norm2.", "vision_model.encoder.layers.#.layer_norm2."),
            ("visual.transformer.#.attn.to_qkv.", "vision_model.encoder.layers.#.self_attn.?_proj."),
            ("visual.transformer.#.attn.proj.", "vision_model.encoder.layers.#.self_attn.out_proj."),
            ("visual.transformer.#.mlp.0.", "vision_model.encoder.layers.#.mlp.fc1."),
            ("visual.transformer.#.mlp.2.", "vision_model.encoder.layers.#.mlp.fc2."),
        ],
    };

    public static MatrixTheoryData<string, string> Cells =>
        new(Names.Keys, FormatFile.Names.Where(name => name is not ("prefixed" or "quanto int8" or "quanto float8")));

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_port_has_the_values_of_its_file(string port, string format)
    {
        int seed = TestSeed.Value;
        string network = port.Split(',')[0];
        using var shapes = new ShapeParameters();
        FormatTests.Networks[network](new Weights(shapes, ScalarType.Float32, CPU));
        var parts = shapes.Shapes.ToDictionary(s => s.Key, s => Ported(port, s.Key, s.Value));
        var stored = FormatFile.Choose(format, parts.Values.SelectMany(p => p).ToDictionary(p => p.Name, p => p.Shape), new Random(seed))
            .ToDictionary(t => t.Name);
        using var checkpoint = NetworkCheckpoint.Open([FormatFile.Write(format, folder, [.. stored.Values])]);
        using var parameters = new CheckpointParameters(checkpoint);

        FormatTests.Networks[network](new Weights(parameters, ScalarType.Float32, CPU));

        checkpoint.Tensors.Count.ShouldBe(shapes.Shapes.Count);
        foreach (var (name, shape) in shapes.Shapes)
        {
            using var found = parameters.Load(name, shape, Initial.Normal, ScalarType.Float32, CPU).contiguous();
            float[] values = found.data<float>().ToArray();
            double[] expected = [.. parts[name].SelectMany(part => stored[part.Name].Values)];
            for (int i = 0; i < values.Length; i++)
            {
                if (!(Math.Abs(values[i] - expected[i]) <= 1e-5 * (1 + Math.Abs(expected[i]))))
                    Assert.Fail($"seed {seed}: {name}[{i}] is {values[i]}, expected {expected[i]}");
            }
        }
    }

    /// <summary>
    /// The tensors that a port has for a parameter: the parameter under another name (an embedding without its leading axes), or the three
    /// parts of a joined projection.
    /// </summary>
    private static (string Name, long[] Shape)[] Ported(string port, string name, long[] shape)
    {
        string block = string.Concat(name.SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit));
        bool inBlock = name.StartsWith("blocks.", StringComparison.Ordinal)
            || name.StartsWith("visual.transformer.", StringComparison.Ordinal);
        var (ours, theirs) = Names[port]
            .Select(pair => inBlock
                ? (pair.Ours.Replace("#", block, StringComparison.Ordinal), pair.Theirs.Replace("#", block, StringComparison.Ordinal))
                : pair)
            .Single(pair => name.StartsWith(pair.Item1, StringComparison.Ordinal));
        string ported = theirs + name[ours.Length..];
        if (ported.Contains('?', StringComparison.Ordinal))
            return [.. "qkv".Select(part => (ported.Replace('?', part), (long[])[shape[0] / 3, .. shape[1..]]))];
        return [(ported, name is "visual.cls_embedding" or "visual.pos_embedding" ? [.. shape.Where(n => n != 1)] : shape)];
    }

    public void Dispose() => Directory.Delete(folder, true);
}
