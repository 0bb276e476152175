using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

[Trait("uses", "convolutions")]
public sealed class ClipVisionEncoderTests : IDisposable
{
    private static readonly ClipVisionConfig Tiny = new(ImageSize: 42, PatchSize: 14, Width: 12, Heads: 3, Blocks: 3);

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;
    private readonly ClipVisionEncoder network;

    public ClipVisionEncoderTests()
    {
        random = new RandomInputs(seed);
        parameters = new RandomParameters(seed, trainable: true);
        network = new ClipVisionEncoder(new Weights(parameters, ScalarType.Float32, CPU), Tiny);
    }

    public void Dispose() => parameters.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(42, 42)]
    [InlineData(37, 101)]
    [InlineData(300, 90)]
    public void Pictures_of_any_size_become_the_same_number_of_tokens(int height, int width)
    {
        using var still = no_grad();
        var pictures = random.Picture(height, 2, width, 3).permute(1, 3, 0, 2); // not contiguous
        var together = network.Forward(pictures);
        together.shape.ShouldBe([2, 10, 12]);
        for (int i = 0; i < 2; i++)
            together.narrow(0, i, 1).ShouldBeNear(network.Forward(pictures.narrow(0, i, 1).contiguous()), 1e-5, $"seed {seed}");
    }

    [Fact]
    public void The_last_block_is_not_even_loaded() =>
        parameters.Tensors.Keys.ShouldNotContain(key => key.StartsWith("visual.transformer.2."));

    [Fact]
    public void Every_parameter_learns()
    {
        network.Forward(random.Picture(2, 3, 20, 30)).square().mean().backward();
        parameters.Trainable.Count().ShouldBeGreaterThan(10);
        foreach (var (key, value) in parameters.Trainable) value.grad!.abs().max().item<float>().ShouldBeGreaterThan(0, key);
    }

    [Fact]
    public void Half_types_stay_near_float32()
    {
        using var still = no_grad();
        var picture = random.Picture(1, 3, 50, 60);
        using var again = new RandomParameters(seed);
        var half = new ClipVisionEncoder(new Weights(again, ScalarType.BFloat16, CPU), Tiny).Forward(picture);
        half.dtype.ShouldBe(ScalarType.BFloat16);
        half.ShouldBeNear(network.Forward(picture), 0.06, $"seed {seed}");
    }
}
