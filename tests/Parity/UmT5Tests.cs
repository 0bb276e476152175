using System.Text.Json;
using Locutor.Networks.UmT5;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

public class UmT5Tests
{
    public static TheoryData<string> Files => Goldens.Files("umt5");

    [Theory]
    [MemberData(nameof(Files))]
    public void The_context_equals_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        var network = new UmT5Encoder(golden.Weights, Config(golden.Config.GetProperty("umt5")));
        var expected = golden.Output("context");

        var context = network.Forward(golden.Input("ids"), golden.Input("mask"));

        context.narrow(1, 0, expected.shape[1]).ShouldBeNear(expected, 1e-4);
    }

    private static UmT5Config Config(JsonElement c) => new(
        c.GetProperty("vocab").GetInt32(), c.GetProperty("dim").GetInt32(), c.GetProperty("dim_attn").GetInt32(),
        c.GetProperty("dim_ffn").GetInt32(),
        c.GetProperty("num_heads").GetInt32(), c.GetProperty("num_layers").GetInt32(), c.GetProperty("num_buckets").GetInt32());
}
