using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Torch;
using static TorchSharp.torch;
using Network = Locutor.Networks.VideoAutoencoder.VideoAutoencoder;

namespace Locutor.Networks.Tests;

[Trait("uses", "convolutions")]
public sealed class TilesTests : IDisposable
{
    private static readonly VideoAutoencoderConfig Four = new(
        Width: 4, LatentChannels: 3, Multipliers: [1, 2, 3, 3], ResidualBlocks: 1, TemporalDownsample: [false, true, true],
        LatentMean: [0.1f, -0.2f, 0.3f], LatentStd: [1.5f, 0.7f, 2f]);

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;

    public TilesTests()
    {
        parameters = new RandomParameters(seed, trainable: true);
        random = new RandomInputs(seed);
    }

    public void Dispose() => parameters.Dispose();

    public static TheoryData<int, int, int, int> Sizes => new()
    {
        // levels, height and width in the lowest level's pixels, latents of a chunk
        { 4, 11, 7, 1 },
        { 4, 7, 12, 2 },
        { 3, 17, 13, 1 },
        { 2, 26, 19, 3 },
        { 1, 31, 23, 1 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Decoding_in_tiles_equals_decoding_the_whole(int levels, int height, int width, int latents)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var network = Make(levels);
        var latent = random.Normal(1, 3, Math.Max(3, latents + 1), height, width);
        var whole = network.Decode(latent);
        foreach (var (down, across) in ((int, int)[])[(1, 1), (2, 1), (3, 2), (1, 5)])
        {
            Near(
                network.Decode(latent, new TilingPlan(latents, down, across), TestContext.Current.CancellationToken), whole,
                $"{down} x {across} tiles");
        }
    }

    /// <summary>A strip on each of several devices, which are the CPU, each with weights of its own.</summary>
    [Theory]
    [InlineData(4, 2, 17, 1)]
    [InlineData(4, 3, 25, 2)]
    [InlineData(3, 4, 65, 3)]
    [InlineData(1, 5, 321, 1)]
    public void Decoding_in_strips_on_several_devices_equals_decoding_the_whole(int levels, int devices, int height, int latents)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var network = Make(levels);
        var others = Enumerable.Range(1, devices - 1).Select(_ => new RandomParameters(seed, trainable: true)).ToList();
        var helpers = others.Select(
            one => new AutoencoderHelper(CPU, new Network(new Weights(one, ScalarType.Float32, CPU), network.Config))).ToList();
        foreach (var (key, value) in others.SelectMany(one => one.Tensors)) value.copy_(parameters.Tensors[key]);
        var team = new Network(new Weights(parameters, ScalarType.Float32, CPU), network.Config)
        {
            Helpers = helpers,
        };
        var (latent, plan) = (random.Normal(1, 3, 4, height, 5), new TilingPlan(latents));
        Near(team.Decode(latent, plan, TestContext.Current.CancellationToken), network.Decode(latent), $"{devices} devices");
        foreach (var one in others) one.Dispose();
        Should.Throw<DeviceFailedException>(() => team.Decode(latent, plan, TestContext.Current.CancellationToken))
            .Message.ShouldStartWith("cpu: ", customMessage: "the other devices have decoded strips");
        Should.Throw<OperationCanceledException>(() => team.Decode(latent, plan, new CancellationToken(true)));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Encoding_in_tiles_equals_encoding_the_whole(int levels, int height, int width, int latents)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var network = Make(levels);
        int stride = network.Config.SpatialStride(), frames = 1 + Math.Max(2, latents) * network.Config.TemporalStride();
        var video = random.Normal(1, 3, frames, height * stride, width * stride);
        var (whole, picture) = (network.Encode(video), video.narrow(2, 0, 1));
        var blank = network.EncodePictureThenBlank(picture, frames);
        foreach (var (down, across) in ((int, int)[])[(1, 1), (2, 1), (3, 2), (1, 5)])
        {
            var plan = new TilingPlan(latents, down, across);
            Near(network.Encode(video, plan, TestContext.Current.CancellationToken), whole, $"{down} x {across} tiles");
            Near(
                network.EncodePictureThenBlank(picture, frames, plan, TestContext.Current.CancellationToken), blank,
                $"{down} x {across} tiles, a picture before blank frames");
        }
    }

    /// <summary>
    /// A tile reads the pixels that its gradients reach, rounded to whole strides. Fewer would change the result, more would be waste.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_tile_reads_the_receptive_field_of_its_pixels(bool decoder)
    {
        using var scope = NewDisposeScope();
        Make(4);
        var weights = new Weights(parameters, ScalarType.Float32, CPU);
        var stack = decoder
            ? AutoencoderStacks.Decoder(weights["decoder"], Four).Split().After
            : AutoencoderStacks.Encoder(weights["encoder"], Four).Split().Before;
        long inputs = decoder ? 24 : 96;
        var x = random.Normal(1, decoder ? 12 : 3, 1, 8, inputs).requires_grad_(true);
        var answer = stack.Forward(x, null, TestContext.Current.CancellationToken)!;
        foreach (var slice in Tiles.Slice(stack.Layers, inputs, 3))
        {
            var reached = autograd.grad([answer.narrow(4, slice.Output.From, slice.Output.Length).abs().sum()], [x], retain_graph: true)[0]
                .abs().sum([0, 1, 2, 3]).nonzero().flatten();
            long first = reached[0].item<long>(), last = reached[-1].item<long>() + 1, round = decoder ? 1 : 4;
            (slice.Input.From, slice.Input.To).ShouldBe(
                (first / round * round, (last + round - 1) / round * round), $"seed {seed}, {slice}");
        }
    }

    [Fact]
    public void A_plan_is_whole_while_it_fits_and_then_in_ever_smaller_tiles()
    {
        var network = Make(4);
        var layers = AutoencoderStacks.Decoder(new Weights(parameters, ScalarType.Float32, CPU)["decoder"], Four).Split().After.Layers;
        long before = long.MaxValue;
        TilingPlan? coarser = null;
        foreach (long room in (long[])[8L << 30, 1L << 30, 1L << 28, 1L << 27, 1L << 26, 1])
        {
            var plan = TilingPlan.Within(Four, layers, 21, 512, 768, 4, room);
            long size = plan.Latents * 1_000_000L / (plan.Down * plan.Across);
            size.ShouldBeLessThanOrEqualTo(before, $"{plan} after {coarser}");
            (before, coarser) = (size, plan);
        }
        TilingPlan.Within(Four, layers, 21, 512, 768, 4, 8L << 30).Tiled.ShouldBeFalse();
        coarser!.ShouldBe(new TilingPlan(1, 8, 12), "no tile is narrower than 64 pixels");
        network.Plan(81, 128, 64).ShouldBe(new TilingPlan(21), "a CPU without a budget goes by pixels and channels");
        network.Plan(81, 256, 128).ShouldBe(new TilingPlan(11), "parts of about equal length");
        Make(4, room: 1).Plan(81, 512, 768).ShouldBe(coarser);
    }

    [Fact]
    public void The_plan_estimates_the_memory_that_layers_keep()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var cache = new CausalCache();
        var network = Make(4);
        network.Decode(random.Normal(1, 3, 2, 4, 6), cache);
        double planned = TilingPlan.CachedValues(Four, 0, 4) * 4 * 32 * 48;
        ((double)cache.Bytes).ShouldBeInRange(0.8 * planned, planned);
    }

    private Network Make(int levels, long? room = null)
    {
        var config = Four with
        {
            Multipliers = [.. Four.Multipliers.Take(levels)],
            TemporalDownsample = [.. Four.TemporalDownsample.TakeLast(levels - 1)],
        };
        var network = new Network(new Weights(parameters, ScalarType.Float32, CPU), config) { MemoryBudget = room };
        using var still = no_grad();
        foreach (var (_, value) in parameters.Trainable) value.add_(random.Normal(value.shape) * 0.05); // biases not 0, norms not 1
        return network;
    }

    private void Near(Tensor found, Tensor expected, string what) =>
        found.ShouldBeNear(expected, 1e-5 * Math.Max(1, expected.abs().max().item<float>()), $"seed {seed}, {what}");
}
