using System.Text.Json;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

[Trait("uses", "convolutions")]
public class VideoAutoencoderTests
{
    public static TheoryData<string> Files => Goldens.Files("vae");

    [Theory]
    [MemberData(nameof(Files))]
    public void Encoding_equals_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        var network = Network(golden);

        network.Encode(golden.Input("video")).ShouldBeNear(golden.Output("latent"), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Decoding_equals_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        var network = Network(golden);

        network.Decode(golden.Input("latent")).ShouldBeNear(golden.Output("video"), 1e-4);
    }

    internal static VideoAutoencoderConfig Config(JsonElement c, Tensor mean, Tensor std) => new(
        c.GetProperty("dim").GetInt32(), c.GetProperty("z_dim").GetInt32(),
        [.. c.GetProperty("dim_mult").EnumerateArray().Select(m => m.GetInt32())], c.GetProperty("num_res_blocks").GetInt32(),
        [.. c.GetProperty("temporal_downsample").EnumerateArray().Select(d => d.GetBoolean())],
        mean.cpu().data<float>().ToArray(), std.cpu().data<float>().ToArray());

    private static VideoAutoencoder Network(Golden golden) =>
        new(golden.Weights, Config(golden.Config.GetProperty("vae"), golden.Input("mean"), golden.Input("std")));
}
