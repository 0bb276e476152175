using System.Text.Json;
using Locutor.Networks.ClipVision;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

[Trait("uses", "convolutions")]
public class ClipVisionTests
{
    public static TheoryData<string> Files => Goldens.Files("clip");

    [Theory]
    [MemberData(nameof(Files))]
    public void The_tokens_equal_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        var network = new ClipVisionEncoder(golden.Weights, Config(golden.Config.GetProperty("clip")));

        network.Forward(golden.Input("image").squeeze(2)).ShouldBeNear(golden.Output("tokens"), 1e-4);
    }

    internal static ClipVisionConfig Config(JsonElement c) => new(
        c.GetProperty("image_size").GetInt32(), c.GetProperty("patch_size").GetInt32(), c.GetProperty("dim").GetInt32(),
        c.GetProperty("num_heads").GetInt32(), c.GetProperty("num_layers").GetInt32(), c.GetProperty("mlp_ratio").GetInt32());
}
