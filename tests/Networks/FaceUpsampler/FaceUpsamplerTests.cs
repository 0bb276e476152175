using Locutor.Networks.FaceUpsampler;
using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;
using Network = Locutor.Networks.FaceUpsampler.FaceUpsampler;

namespace Locutor.Networks.Tests;

[Trait("uses", "convolutions")]
public sealed class FaceUpsamplerTests : IDisposable
{
    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;

    public FaceUpsamplerTests() => (parameters, random) = (new RandomParameters(seed), new RandomInputs(seed));

    public void Dispose() => parameters.Dispose();

    [Theory]
    [InlineData(2, 5, 7)]
    [InlineData(4, 6, 4)]
    public void The_network_equals_its_formula_for_one_portrait_and_several_frames(int factor, int height, int width)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var network = new Network(new Weights(parameters, ScalarType.Float32, CPU), new FaceUpsamplerConfig(8, 2, factor));
        var drawn = random.Normal(3, 3, height, width);
        var (reference, portrait) = (random.Normal(1, 3, height, width), random.Normal(1, 3, factor * height, factor * width));
        var found = network.Forward(drawn, reference, portrait);
        found.ShouldBeNear(Plain(drawn, reference.expand(3, -1, -1, -1), portrait.expand(3, -1, -1, -1), factor), 1e-4, $"seed {seed}");
        network.Forward(drawn, reference.expand(3, -1, -1, -1), portrait.expand(3, -1, -1, -1)).Equals(found)
            .ShouldBeTrue($"seed {seed}: a portrait for each frame");
    }

    private Tensor Plain(Tensor drawn, Tensor reference, Tensor portrait, int factor)
    {
        var x = Convolve("first", cat([drawn, drawn - reference, pixel_unshuffle(portrait, factor)], 1));
        for (int block = 0; block < 2; block++)
            x = x + Convolve($"blocks.{block}.out", silu(Convolve($"blocks.{block}.in", silu(x))));
        var made = Convolve("last", silu(x));
        int square = factor * factor;
        var kept = pixel_shuffle(made.narrow(1, 3 * square, square), factor).sigmoid();
        var large = interpolate(drawn, scale_factor: [factor, factor], mode: InterpolationMode.Bilinear, align_corners: false);
        return large + kept * (portrait - large) + pixel_shuffle(made.narrow(1, 0, 3 * square), factor);
    }

    private Tensor Convolve(string name, Tensor x) =>
        conv2d(x, parameters.Tensors[$"{name}.weight"], parameters.Tensors[$"{name}.bias"], padding: [1, 1]);
}
