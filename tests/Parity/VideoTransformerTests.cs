using System.Text.Json;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.Teams;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

[Trait("uses", "convolutions")]
public class VideoTransformerTests
{
    public static TheoryData<string> Files => Goldens.Files("dit_");

    [Theory]
    [MemberData(nameof(Files))]
    public void One_pass_equals_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        Velocity(golden, ScalarType.Float32, LinearPrecision.Plain).ShouldBeNear(golden.Output("velocity"), 1e-4);
    }

    /// <summary>One pass whose tokens are divided over two devices.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void One_pass_on_two_devices_equals_the_reference(string file)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var golden = Goldens.Open(file);
        using var team = Team(golden, 2, weights => weights);
        team.Plan(1).ShouldBe(new PassPlan(1, 2));
        var (latent, given, _, speakers) = Inputs(golden, team.Lead);
        using var masks = speakers;
        using var passes = team.Begin(golden.Input("y"));
        var time = team.Lead.EmbedTime(golden.Input("timestep"));
        passes.Forward(latent, time, [new(given)], TestContext.Current.CancellationToken)[0].squeeze(0)
            .ShouldBeNear(golden.Output("velocity"), 1e-4);
    }

    /// <summary>
    /// Computes in the device's 16-bit type, and with float8 and int8 weights on the device's path for them. The network is small, so
    /// rounding errors average out less, and with two people a token near the border may be assigned to the other person. Bounds are twice
    /// the error on a CPU.
    /// </summary>
    [Theory]
    [InlineData(LinearPrecision.Plain, 5e-2)]
    [InlineData(LinearPrecision.Float8, 1.5e-1)]
    [InlineData(LinearPrecision.Int8, 8e-2)]
    public void One_pass_in_few_bits_is_near_the_reference(LinearPrecision linears, double most)
    {
        using var still = no_grad();
        foreach (string file in Files.Select(row => row.Data))
        {
            using var scope = NewDisposeScope();
            using var golden = Goldens.Open(file);
            Velocity(golden, GpuPaths.ForGpu(Goldens.Device)?.Half ?? ScalarType.BFloat16, linears)
                .ShouldBeNearInNorm(golden.Output("velocity"), most, $"{file}, {linears}");
        }
    }

    private static Tensor Velocity(Golden golden, ScalarType type, LinearPrecision linears)
    {
        var network = new VideoTransformer(golden.Weights.As(type).With(linears), Config(golden.Config.GetProperty("dit")));
        var (latent, given, grid, speakers) = Inputs(golden, network);
        using var masks = speakers;
        using var rotary = RotaryTable.Create(network.Config.HeadWidth, grid, latent.device);
        return network.Forward(latent, golden.Input("y"), golden.Input("timestep"), given, rotary).squeeze(0);
    }

    /// <summary>The network on several devices, each with weights of its own.</summary>
    /// <param name="place">Returns the place of the network in the file.</param>
    internal static TransformerTeam Team(Golden golden, int devices, Func<Weights, Weights> place) => new(
        [
            .. Goldens.Several(devices).Select(
                device => new TeamMember(device, new VideoTransformer(place(golden.On(device)), Config(golden.Config.GetProperty("dit")))))
        ]);

    private static (
        Tensor Latent, Conditioning Given, PatchGrid Grid, SpeakerMasks? Speakers) Inputs(Golden golden, VideoTransformer network)
    {
        var latent = golden.Input("latent").unsqueeze(0);
        var grid = network.Grid(latent.shape[2], latent.shape[3], latent.shape[4]);
        var audio = golden.Input("audio").unsqueeze(0);
        var speakers = audio.shape[1] == 2 ? new SpeakerMasks(golden.Input("masks"), grid) : null;
        var given = new Conditioning(
            network.EmbedText(golden.Input("context").unsqueeze(0)), network.EmbedImage(golden.Input("clip")),
            network.EmbedAudio(audio, speakers));
        return (latent, given, grid, speakers);
    }

    internal static VideoTransformerConfig Config(JsonElement c) => new(
        c.GetProperty("dim").GetInt64(), c.GetProperty("ffn_dim").GetInt64(), c.GetProperty("num_heads").GetInt32(),
        c.GetProperty("num_layers").GetInt32(),
        c.GetProperty("text_dim").GetInt64(), c.GetProperty("text_len").GetInt64(), c.GetProperty("image_dim").GetInt64(),
        c.GetProperty("audio_blocks").GetInt32(), c.GetProperty("audio_channels").GetInt32(), c.GetProperty("intermediate_dim").GetInt64(),
        c.GetProperty("output_dim").GetInt64(), c.GetProperty("context_tokens").GetInt32(), c.GetProperty("freq_dim").GetInt32())
    {
        Epsilon = c.GetProperty("eps").GetDouble(),
        AudioWindow = c.GetProperty("audio_window").GetInt32(),
        TemporalStride = c.GetProperty("vae_scale").GetInt32(),
    };
}
