using Locutor.Networks.Layers;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

[Trait("uses", "convolutions")]
public sealed class Wav2Vec2EncoderTests : IDisposable
{
    private static readonly Wav2Vec2Config Tiny = new(
        Width: 12, Heads: 3, Blocks: 2, FeedForward: 20, ConvolutionWidths: [6, 8, 10], ConvolutionKernels: [10, 3, 2],
        ConvolutionStrides: [5, 2, 2], PositionKernel: 8, PositionGroups: 4);

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;
    private readonly Weights weights;
    private readonly Wav2Vec2Encoder network;

    public Wav2Vec2EncoderTests()
    {
        random = new RandomInputs(seed);
        parameters = new RandomParameters(seed, trainable: true);
        weights = new Weights(parameters, ScalarType.Float32, CPU);
        network = new Wav2Vec2Encoder(weights, Tiny);
    }

    public void Dispose() => parameters.Dispose();

    [Fact]
    public void Pieces_of_any_length_give_the_result_of_the_whole()
    {
        using var still = no_grad();
        Tiny.ReceptiveField().ShouldBe(30);
        Wav2Vec2Config.ChineseBase.ReceptiveField().ShouldBe(400);
        var wave = random.Normal(2, 1237) * 3 + 0.5;
        var whole = network.Features(wave, 41);
        foreach (int piece in new[] { 1, 7, 60, 61 })
        {
            new Wav2Vec2Encoder(weights, Tiny) { PieceFeatures = piece }.Features(wave, 41)
                .ShouldBeNear(whole, 1e-5, $"seed {seed}, pieces of {piece}");
        }
    }

    [Fact]
    public void The_first_norm_is_a_group_norm_over_the_whole_sound()
    {
        using var still = no_grad();
        var wave = Wav2Vec2Encoder.Normalise(random.Normal(1, 400));
        Tensor Kernel(int i) => parameters.Tensors[$"feature_extractor.conv_layers.{i}.conv.weight"];
        var x = nn.functional.conv1d(wave.unsqueeze(1), Kernel(0), stride: 5);
        x = nn.functional.group_norm(x, 6, ones([6]), zeros([6])).gelu();
        x = nn.functional.conv1d(x, Kernel(1), stride: 2).gelu();
        x = nn.functional.conv1d(x, Kernel(2), stride: 2).gelu();
        network.Features(wave, x.shape[2]).ShouldBeNear(x.transpose(1, 2), 1e-5, $"seed {seed}");
    }

    [Fact]
    public void A_batch_of_two_equals_two_alone_also_when_strided()
    {
        using var still = no_grad();
        var waves = random.Normal(777, 2).transpose(0, 1);
        var together = network.Forward(waves, 23);
        together.shape.ShouldBe([2, 23, 2, 12]);
        for (int i = 0; i < 2; i++)
            together.narrow(0, i, 1).ShouldBeNear(network.Forward(waves.narrow(0, i, 1).contiguous(), 23), 1e-5, $"seed {seed}");
    }

    [Fact]
    public void Loudness_and_offset_change_nothing()
    {
        using var still = no_grad();
        var wave = random.Normal(1, 500);
        network.Forward(wave * 7 - 3, 11).ShouldBeNear(network.Forward(wave, 11), 1e-4, $"seed {seed}");
        network.Forward(zeros([1, 500]), 11).isfinite().all().item<bool>().ShouldBeTrue("silence");
    }

    [Theory]
    [InlineData("", "parametrizations.weight.original0", "parametrizations.weight.original1")]
    [InlineData("wav2vec2.", "parametrizations.weight.original0", "parametrizations.weight.original1")]
    [InlineData("", "weight_g", "weight_v")]
    [InlineData("wav2vec2.", "weight_g", "weight_v")]
    public void Old_and_new_names_load_alike(string prefix, string length, string direction)
    {
        using var still = no_grad();
        var wave = random.Normal(1, 300);
        var renamed = new Renamed(parameters.Tensors.ToDictionary(
            entry => prefix + entry.Key.Replace("parametrizations.weight.original0", length)
                .Replace("parametrizations.weight.original1", direction),
            entry => entry.Value));
        new Wav2Vec2Encoder(new Weights(renamed, ScalarType.Float32, CPU), Tiny).Forward(wave, 9)
            .ShouldBeNear(network.Forward(wave, 9), 1e-6, $"seed {seed}");
    }

    [Fact]
    public void Every_parameter_learns()
    {
        network.Forward(random.Normal(2, 400), 13).square().mean().backward();
        parameters.Trainable.Count().ShouldBeGreaterThan(10);
        foreach (var (key, value) in parameters.Trainable) value.grad!.abs().max().item<float>().ShouldBeGreaterThan(0, key);
    }

    [Fact]
    public void Too_short_a_sound_is_refused_with_its_length() =>
        Should.Throw<ArgumentException>(
            () => network.Forward(zeros([1, 29]), 3)).Message.ShouldContain("at least 30 samples, found [1, 29]");

    private sealed class Renamed(Dictionary<string, Tensor> tensors) : IParameterSource
    {
        public bool Contains(string key) => tensors.ContainsKey(key);

        public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device) => tensors[key];
    }
}
