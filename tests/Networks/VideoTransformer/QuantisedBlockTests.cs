using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

public sealed class QuantisedBlockTests(ITestOutputHelper output)
{
    /// <summary>
    /// Text, picture and speech have as many tokens as in the released network, because the error of a cross attention is larger with fewer
    /// tokens.
    /// </summary>
    private static readonly VideoTransformerConfig Narrow = new(
        Width: 512, FeedForward: 1376, Heads: 4, Blocks: 1, TextWidth: 64, TextTokens: 512, ImageWidth: 32,
        AudioBlocks: 2, AudioChannels: 16, AudioHidden: 32, AudioWidth: 96, AudioTokens: 32);

    private static readonly VideoTransformerConfig Small = new(
        Width: 256, FeedForward: 688, Heads: 4, Blocks: 1, TextWidth: 64, TextTokens: 16, ImageWidth: 32,
        AudioBlocks: 2, AudioChannels: 16, AudioHidden: 32, AudioWidth: 64, AudioTokens: 4);

    /// <summary>Relative L2 error of a block's output for standard normal tokens, against the same weights in float32.</summary>
    [Theory]
    [InlineData(LinearPrecision.Float8, ScalarType.Float32, 3e-2)]
    [InlineData(LinearPrecision.Float8, ScalarType.BFloat16, 3e-2)]
    [InlineData(LinearPrecision.Int8, ScalarType.Float32, 2e-2)]
    [InlineData(LinearPrecision.Plain, ScalarType.BFloat16, 1e-2)]
    public void A_quantised_block_stays_near_float32(LinearPrecision linears, ScalarType type, double most) =>
        Measure(linears, type, throughFloat8: false, most);

    /// <summary>The float8 weights as a GPU without float8 products uses them: widened, or quantised again to int8.</summary>
    [Theory]
    [InlineData(LinearPrecision.Plain, ScalarType.BFloat16, 2.1e-2)]
    [InlineData(LinearPrecision.Int8, ScalarType.BFloat16, 2.1e-2)]
    public void A_block_with_float8_weights_is_nearer_without_float8_activations(LinearPrecision linears, ScalarType type, double most) =>
        Measure(linears, type, throughFloat8: true, most);

    private void Measure(LinearPrecision linears, ScalarType type, bool throughFloat8, double most)
    {
        long seed = TestSeed.Value;
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var inputs = new RandomInputs(seed);
        var grid = new PatchGrid(3, 11, 13);
        var x = inputs.Normal(1, grid.Tokens, Narrow.Width);
        using var whole = new RandomParameters(seed);
        var time = new VideoTransformer.VideoTransformer(new Weights(whole, ScalarType.Float32, CPU), Narrow)
            .EmbedTime(tensor([500f])).Modulation;
        var text = inputs.Normal(1, 512, Narrow.Width);
        var image = inputs.Normal(1, 257, Narrow.Width);
        var audio = inputs.Normal(1, grid.Frames, 32, Narrow.AudioWidth);
        using var rotary = RotaryTable.Create(Narrow.HeadWidth, grid, CPU);
        Tensor Said(ScalarType arithmetic, LinearPrecision held, bool bytes = false)
        {
            var weights = new Weights(new RandomParameters(seed), arithmetic, CPU).With(held);
            var block = new TransformerBlock(bytes ? weights.From(source => new Float8Matrices(source)) : weights, Narrow);
            var given = new Conditioning(
                [block.ProjectText(text.to(arithmetic))], [block.ProjectImage(image.to(arithmetic))],
                new([block.ProjectAudio(audio.to(arithmetic), null)], null));
            return block.Forward(new PendingResidual(x.to(arithmetic)), time, rotary, TokenShare.Whole(grid), given, 0).Sum()
                .to(ScalarType.Float64);
        }

        var exact = Said(ScalarType.Float32, LinearPrecision.Plain);
        double error = TensorComparison.NormError(Said(type, linears, throughFloat8), exact);
        output.WriteLine($"seed {seed}: {linears} in {type}{(throughFloat8 ? ", float8 weights" : "")}: relative L2 {error:0.0000}");
        error.ShouldBeLessThan(most, $"seed {seed}");
        error.ShouldBeGreaterThan(1e-5, "something must have been rounded");
    }

    [Fact]
    public void A_pass_with_a_precomputed_time_embedding_is_equal_bit_for_bit()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var inputs = new RandomInputs(5);
        using var parameters = new RandomParameters(5);
        var network = new VideoTransformer.VideoTransformer(new Weights(parameters, ScalarType.Float32, CPU), Small);
        var given = new Conditioning(
            network.EmbedText(inputs.Normal(1, 5, 64)), network.EmbedImage(inputs.Normal(1, 9, 32)),
            network.EmbedAudio(inputs.Normal(1, 1, 5, 5, 2, 16)));
        using var rotary = RotaryTable.Create(Small.HeadWidth, network.Grid(2, 4, 6), CPU);
        var (latent, reference, timestep) = (inputs.Normal(1, 16, 2, 4, 6), inputs.Normal(1, 20, 2, 4, 6), tensor([437.5f]));
        var once = network.Forward(latent, reference, timestep, given, rotary);
        network.Forward(
            latent, reference, network.EmbedTime(timestep), given, rotary, cancellationToken: TestContext.Current.CancellationToken)
            .Equals(once).ShouldBeTrue();
    }

    /// <summary>Matrices as a float8 file holds them.</summary>
    private sealed class Float8Matrices(IParameterSource source) : IParameterSource
    {
        public bool Contains(string key) => source.Contains(key);

        public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
        {
            if (shape.Length != 2) return source.Load(key, shape, initial, type, device);
            using var rows = RowQuantiser.Quantise(source.Load(key, shape, initial, ScalarType.Float32, device), LinearPrecision.Float8);
            return RowQuantiser.Restore(rows, type);
        }

        public void Forget(string prefix) => source.Forget(prefix);
    }
}
