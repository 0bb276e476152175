using System.Text.Json;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

[Trait("uses", "convolutions")]
public class Wav2Vec2Tests
{
    public static TheoryData<string> Files => Goldens.Files("wav2vec2");

    [Theory]
    [MemberData(nameof(Files))]
    public void Features_and_block_outputs_equal_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        var network = new Wav2Vec2Encoder(golden.Weights, Config(golden.Config.GetProperty("wav2vec2")));
        var wave = golden.Input("wave");
        long frames = wave.shape[1] * 25 / 16000;

        network.Features(wave, frames).ShouldBeNear(golden.Output("features"), 1e-4);
        network.Forward(wave, frames).squeeze(0).ShouldBeNear(golden.Output("embedding"), 1e-4);
    }

    private static Wav2Vec2Config Config(JsonElement c) => new(
        c.GetProperty("hidden_size").GetInt32(), c.GetProperty("num_attention_heads").GetInt32(),
        c.GetProperty("num_hidden_layers").GetInt32(),
        c.GetProperty("intermediate_size").GetInt32(), Integers(c.GetProperty("conv_dim")), Integers(c.GetProperty("conv_kernel")),
        Integers(c.GetProperty("conv_stride")), c.GetProperty("num_conv_pos_embeddings").GetInt32(),
        c.GetProperty("num_conv_pos_embedding_groups").GetInt32())
    {
        Epsilon = c.GetProperty("layer_norm_eps").GetDouble(),
    };

    private static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(n => n.GetInt32())];
}
