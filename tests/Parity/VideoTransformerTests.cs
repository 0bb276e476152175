using System.Text.Json;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

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
        var network = new VideoTransformer(golden.Weights, Config(golden.Config.GetProperty("dit")));
        var latent = golden.Input("latent").unsqueeze(0);
        var grid = network.Grid(latent.shape[2], latent.shape[3], latent.shape[4]);
        var audio = golden.Input("audio").unsqueeze(0);
        using var speakers = audio.shape[1] == 2 ? new SpeakerMasks(golden.Input("masks"), grid) : null;
        using var rotary = RotaryTable.OverVideo(network.Config.HeadWidth, grid, latent.device);
        var given = new Conditioning(
            network.EmbedText(golden.Input("context").unsqueeze(0)), network.EmbedImage(golden.Input("clip")), network.EmbedAudio(audio, speakers));

        var velocity = network.Forward(latent, golden.Input("y"), golden.Input("timestep"), given, rotary);

        velocity.squeeze(0).ShouldBeNear(golden.Output("velocity"), 1e-4);
    }

    internal static VideoTransformerConfig Config(JsonElement c) => new(
        c.GetProperty("dim").GetInt64(), c.GetProperty("ffn_dim").GetInt64(), c.GetProperty("num_heads").GetInt32(), c.GetProperty("num_layers").GetInt32(),
        c.GetProperty("text_dim").GetInt64(), c.GetProperty("text_len").GetInt64(), c.GetProperty("image_dim").GetInt64(),
        c.GetProperty("audio_blocks").GetInt32(), c.GetProperty("audio_channels").GetInt32(), c.GetProperty("intermediate_dim").GetInt64(),
        c.GetProperty("output_dim").GetInt64(), c.GetProperty("context_tokens").GetInt32(), c.GetProperty("freq_dim").GetInt32())
    {
        Epsilon = c.GetProperty("eps").GetDouble(),
        AudioWindow = c.GetProperty("audio_window").GetInt32(),
        TemporalStride = c.GetProperty("vae_scale").GetInt32(),
    };
}
