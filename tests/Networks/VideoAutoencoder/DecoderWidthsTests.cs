using System.Text.Json;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;
using Network = Locutor.Networks.VideoAutoencoder.VideoAutoencoder;

namespace Locutor.Networks.Tests;

/// <summary>A decoder with widths of its own, and one that ends below the full resolution.</summary>
[Trait("uses", "convolutions")]
public sealed class DecoderWidthsTests : IDisposable
{
    private static readonly VideoAutoencoderConfig Same = new(
        Width: 4, LatentChannels: 3, Multipliers: [1, 2, 4], ResidualBlocks: 1, TemporalDownsample: [false, true],
        LatentMean: [0.1f, -0.2f, 0.3f], LatentStd: [1.5f, 0.7f, 2f]);

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;

    public DecoderWidthsTests()
    {
        parameters = new RandomParameters(seed, trainable: true);
        random = new RandomInputs(seed);
    }

    public void Dispose() => parameters.Dispose();

    [Fact]
    public void The_widths_of_the_encoder_give_the_same_decoder()
    {
        using var still = no_grad();
        var latent = random.Normal(1, 3, 3, 5, 4);
        var (plain, stated) = (Make(Same), Create(Same with { DecoderWidths = [4, 8, 16] }));
        (stated.Decode(latent) - plain.Decode(latent)).ShouldBeZero(about: $"seed {seed}");
    }

    [Theory]
    [InlineData(6, 16)]
    [InlineData(3, 10)]
    [InlineData(5, 6)] // the upsampling keeps only half of the channels, fewer than the level after it has
    public void A_decoder_without_the_full_resolution_decodes_in_any_chunks_and_tiles(int upper, int lower)
    {
        using var still = no_grad();
        var network = Make(Same with { DecoderWidths = [upper, lower] });
        var latent = random.Normal(1, 3, 4, 21, 18);
        var whole = network.Decode(latent);
        whole.shape.ShouldBe([1, 3, 7, 84, 72]);
        using var cache = new CausalCache();
        var chunks = new[] { 1, 2, 1 }.Select((length, i) => network.Decode(latent.narrow(2, i == 2 ? 3 : i, length), cache)).ToArray();
        Near(cat(chunks, 2), whole, "chunks");
        foreach (var (down, across) in ((int, int)[])[(2, 1), (1, 3), (2, 2)])
        {
            Near(
                network.Decode(latent, new TilingPlan(2, down, across), TestContext.Current.CancellationToken), whole,
                $"{down} x {across} tiles");
        }
    }

    [Theory]
    [InlineData(2, 5, 3)]
    [InlineData(4, 1, 2)]
    public void A_square_of_pixels_is_made_of_the_channels_as_libtorch_does(int side, int height, int width)
    {
        var x = random.Normal(2, 3 * side * side, 3, height, width);
        var found = new PixelShuffle(side).Forward(x, null);
        // libtorch orders the channels of a square as colour, row, column
        var frames = Layout.ToFrames(x).unflatten(1, [side, side, 3]).permute(0, 3, 1, 2, 4, 5).flatten(1, 3);
        (found - Layout.ToVideo(nn.functional.pixel_shuffle(frames, side), 2)).ShouldBeZero(about: $"seed {seed}");
    }

    [Fact]
    public void Gradients_reach_every_parameter_of_a_shorter_decoder()
    {
        var network = Make(Same with { DecoderWidths = [6, 16] });
        network.Decode(random.Normal(1, 3, 2, 3, 4)).square().mean().backward();
        foreach (var (name, value) in parameters.Trainable.Where(p => p.Key.StartsWith("decoder.", StringComparison.Ordinal)))
            (value.grad?.abs().sum().item<float>() ?? 0).ShouldBeGreaterThan(0, name);
    }

    [Fact]
    public void Widths_that_do_not_fit_are_refused_with_their_numbers()
    {
        Refused([4, 8, 16, 16]).ShouldContain("expected 1 to 3 decoder widths");
        Refused([]).ShouldContain("found []");
        Refused([4, 7]).ShouldContain("even after the first, found [4, 7]");
        Refused([0, 8]).ShouldContain("found [0, 8]");
        Refused([8]).ShouldContain("leave out a level"); // its frames would not be doubled
    }

    [Fact]
    public void Widths_survive_json_and_are_not_written_where_there_are_none()
    {
        string json = JsonSerializer.Serialize(Same with { DecoderWidths = [6, 16] }, JsonSerializerOptions.Web);
        JsonSerializer.Deserialize<VideoAutoencoderConfig>(json, JsonSerializerOptions.Web)!.DecoderWidths.ShouldBe([6, 16]);
        JsonSerializer.Serialize(Same).ShouldNotContain("DecoderWidths");
    }

    private static string Refused(int[] widths) =>
        Should.Throw<ArgumentException>(() => (Same with { DecoderWidths = widths }).Validate()).Message;

    private Network Make(VideoAutoencoderConfig config)
    {
        var network = Create(config);
        using var still = no_grad();
        foreach (var (_, value) in parameters.Trainable) value.add_(random.Normal(value.shape) * 0.05); // biases not 0, norms not 1
        return network;
    }

    private Network Create(VideoAutoencoderConfig config) => new(new Weights(parameters, ScalarType.Float32, CPU), config);

    private void Near(Tensor found, Tensor expected, string what) =>
        found.ShouldBeNear(expected, 1e-5 * Math.Max(1, expected.abs().max().item<float>()), $"seed {seed}, {what}");
}
