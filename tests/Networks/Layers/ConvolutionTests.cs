using System.Runtime.InteropServices;
using Locutor.Kernels.Arithmetic;
using Locutor.Networks.Layers;
using Locutor.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.Tests.Layers;

/// <summary>Every path of a convolution against float64, with channel counts that fill no lanes, and the choice among them.</summary>
public sealed class ConvolutionTests
{
    private static readonly long Seed = TestSeed.Value;
    private static readonly long[] Channels = [1, 3, 5, 17, 24, 36];
    private static readonly (long Inputs, long Outputs)[] Pairs = [(1, 24), (3, 17), (5, 3), (17, 36), (24, 5), (36, 1)];

    public static TheoryData<string, ScalarType> PathsAndTypes { get; } = new()
    {
        { ConvolutionPaths.Padded, ScalarType.Float32 }, { ConvolutionPaths.Padded, ScalarType.BFloat16 },
        { ConvolutionPaths.MatrixProduct, ScalarType.Float32 }, { ConvolutionPaths.MatrixProduct, ScalarType.BFloat16 },
    };

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void A_path_equals_the_definition_forward_and_backward(string path, ScalarType type)
    {
        foreach (var (inputs, outputs) in Pairs)
            foreach (var shape in Shapes(inputs, outputs)) Compare(path, shape, type, true, Strided(shape, type));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_grouped_convolution_is_one_matrix_product_per_group(ScalarType type)
    {
        foreach (long width in new long[] { 3, 17 })
        {
            Compare(
                ConvolutionPaths.MatrixProduct, new(4 * width, 4 * width, [6], [1], [3], 4, false), type, true,
                Strided(new(4 * width, 4 * width, [6], [1], [3], 4, false), type));
        }
    }

    [Fact]
    public void A_convolution_longer_than_one_product_is_computed_in_parts()
    {
        var shape = new ConvolutionShape(36, 5, [3, 3, 3], [1, 1, 1], [0, 1, 1], 1, true);
        using var scope = NewDisposeScope();
        var random = new RandomInputs(Seed);
        var x = random.Normal(1, 36, 26, 32, 32); // 25 million values of patches
        var weight = random.Normal(5, 36, 3, 3, 3) * 0.03;
        ConvolutionPaths.Run(ConvolutionPaths.MatrixProduct, shape, x, weight, null).ShouldBeNear(Definition(shape, x, weight, null), 1e-5);
    }

    [Fact]
    public void A_large_convolution_of_few_rows_is_computed_by_oneDNN_where_libtorch_would_unfold_it()
    {
        using var inference = no_grad();
        foreach (var (inputs, outputs, channelsLast) in new[] { (35L, 37L, true), (35L, 37L, false), (32L, 48L, true) })
        {
            using var scope = NewDisposeScope();
            var shape = new ConvolutionShape(inputs, outputs, [3, 3, 3], [1, 1, 1], [0, 1, 1], 1, channelsLast);
            var random = new RandomInputs(Seed);
            var (weight, bias) = (random.Normal(outputs, inputs, 3, 3, 3) * 0.03, random.Normal(outputs));
            // Every second pixel of a wider picture: the memory has gaps.
            var x = channelsLast
                ? random.Normal(1, 6, 13, 98, inputs).permute(0, 4, 1, 2, 3)[.., .., .., .., TensorIndex.Slice(step: 2)]
                : random.Normal(1, inputs, 6, 13, 98)[.., .., .., .., TensorIndex.Slice(step: 2)];
            var convolution = new Convolution(weight, padding: shape.Padding, channelsLast: channelsLast);
            var y = convolution.Forward(x, convolution.Prepare(weight), convolution.Prepare(bias));
            y.ShouldBeNear(Definition(shape, x, weight, bias), 1e-5, $"{shape}");
            if (inputs % 16 == 0 && OneDnn.IsOn && RuntimeInformation.ProcessArchitecture is Architecture.X64)
            {
                var direct = TorchScripts.OneDnnConvolution(x, weight, bias, shape.Padding);
                (y == direct).all().item<bool>().ShouldBeTrue($"{shape}: another path");
            }
        }
    }

    [Fact]
    public void The_injected_fault_spoils_the_librarys_own_convolution_alone()
    {
        using var fault = InjectedFault.Inject(ConvolutionFault.Results);
        foreach (var (inputs, outputs, spoilt) in new[] { (3L, 32L, true), (32L, 3L, true), (24L, 24L, true), (32L, 16L, false) })
        {
            using var scope = NewDisposeScope();
            var shape = new ConvolutionShape(inputs, outputs, [3, 3], [1, 1], [1, 1], 1, true);
            var (x, weight) = (
                Strided(shape, ScalarType.BFloat16), new RandomInputs(Seed).Normal(outputs, inputs, 3, 3).to(ScalarType.BFloat16));
            var y = ConvolutionPaths.Run(ConvolutionPaths.Direct, shape, x, weight, null);
            y.isfinite().all().item<bool>().ShouldBe(!spoilt, $"{inputs} to {outputs}");
            ConvolutionPaths.Run(ConvolutionPaths.Padded, shape, x, weight, null).isfinite().all().item<bool>().ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_wrong_convolution_takes_another_path_and_is_right(ScalarType type)
    {
        using var fault = InjectedFault.Inject(ConvolutionFault.Results);
        foreach (long groups in new long[] { 1, 5 })
        {
            using var scope = NewDisposeScope();
            var random = new RandomInputs(Seed);
            var weight = (random.Normal(35, 35 / groups, 3, 3) * 0.1).to(type);
            var (x, bias) = (random.Normal(2, 35, 9, 7).to(type), random.Normal(35).to(type));
            var convolution = new Convolution(weight, strides: [2, 1], padding: [1, 0], groups: groups);
            var y = convolution.Forward(x, convolution.Prepare(weight), convolution.Prepare(bias));
            y.ShouldBeNear(
                Definition(new(35, 35, [3, 3], [2, 1], [1, 0], groups, false), x, weight, bias), type == ScalarType.Float32 ? 1e-5 : 0.02);
        }
        var results = SelfTest.On(CPU).Results.Where(result => result.Kind.Detail.Contains("35 to 35", StringComparison.Ordinal)).ToList();
        results.ShouldNotBeEmpty();
        results.ShouldAllBe(result => result.IsChanged && result.Reason == "not finite");
        SelfTest.On(CPU).Notice.ShouldNotBeNull().ShouldContain("oneDNN is not finite");
    }

    [Fact]
    public void Wrong_gradients_alone_change_the_path_of_what_is_trained()
    {
        using var fault = InjectedFault.Inject(ConvolutionFault.Gradients);
        using var scope = NewDisposeScope();
        var random = new RandomInputs(Seed);
        var weight = (random.Normal(6, 21, 3) * 0.1).requires_grad_(true);
        var x = random.Normal(2, 21, 12).requires_grad_(true);
        var convolution = new Convolution(weight);
        ReferenceEquals(convolution.Prepare(weight), weight).ShouldBeTrue("a trained weight must not be copied");
        var found = autograd.grad([convolution.Forward(x, weight, null).square().sum()], [x, weight]);
        var (exactX, exactWeight) = (
            x.detach().to(ScalarType.Float64).requires_grad_(true), weight.detach().to(ScalarType.Float64).requires_grad_(true));
        var exact = autograd.grad([conv1d(exactX, exactWeight).square().sum()], [exactX, exactWeight]);
        found[0].ShouldBeNear(exact[0], 1e-5);
        found[1].ShouldBeNear(exact[1], 1e-5);
        var results = SelfTest.On(CPU).Results.Where(result => result.Kind.Detail.Contains("21 to 6", StringComparison.Ordinal)).ToList();
        results.Single(result => result.Kind.Detail.EndsWith("with gradients", StringComparison.Ordinal)).IsChanged.ShouldBeTrue();
        results.Single(result => !result.Kind.Detail.EndsWith("with gradients", StringComparison.Ordinal)).IsChanged.ShouldBeFalse();
    }

    [Fact]
    public void Channels_of_a_weight_are_padded_once()
    {
        using var weight = ones(5, 17, 3);
        using var filled = ConvolutionPaths.Fill(weight);
        filled.shape.ShouldBe([16, 32, 3]);
        filled.sum().item<float>().ShouldBe(5 * 17 * 3);
        ReferenceEquals(ConvolutionPaths.Fill(filled), filled).ShouldBeTrue();
        using var bias = ones(3);
        ConvolutionPaths.Fill(bias).shape.ShouldBe([16]);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.BFloat16, 0.02)]
    public void Patches_are_embedded_as_by_a_convolution(ScalarType type, double tolerance)
    {
        foreach (long channels in Channels)
        {
            using var scope = NewDisposeScope();
            var random = new RandomInputs(Seed + channels);
            var x = random.Normal(2, channels, 3, 10, 6).narrow(3, 2, 8).to(type);
            var weight = (random.Normal(7, channels, 1, 2, 2) * 0.2).to(type);
            var bias = random.Normal(7).to(type);
            var exact = conv3d(Wide(x), Wide(weight), Wide(bias), strides: [1, 2, 2]).flatten(2).transpose(1, 2);
            new PatchEmbedding(weight, bias).Forward(x).ShouldBeNear(exact, tolerance, $"{channels} channels");
        }
    }

    internal static IEnumerable<ConvolutionShape> Shapes(long inputs, long outputs) =>
    [
        new(inputs, outputs, [3], [2], [0], 1, false),
        new(inputs, outputs, [3, 3], [1, 1], [1, 1], 1, true),
        new(inputs, outputs, [3, 2], [2, 1], [0, 1], 1, false),
        new(inputs, outputs, [1, 1], [1, 1], [0, 0], 1, true),
        new(inputs, outputs, [3, 3, 3], [1, 1, 1], [0, 1, 1], 1, true),
        new(inputs, outputs, [3, 1, 1], [2, 1, 1], [0, 0, 0], 1, true),
    ];

    /// <summary>An input that is a view with gaps on every axis.</summary>
    internal static Tensor Strided(ConvolutionShape shape, ScalarType type)
    {
        long[] lengths = [.. shape.Kernel.Select((_, axis) => 5L + axis)];
        var whole = new RandomInputs(Seed + shape.Inputs).Normal([3, .. lengths.Select(length => 2 * length), shape.Inputs + 2]).to(type);
        for (int axis = 0; axis < lengths.Length; axis++) whole = whole.slice(axis + 1, 0, 2 * lengths[axis], 2);
        var x = whole.narrow(0, 1, 2).narrow(-1, 1, shape.Inputs);
        return x.permute([0, lengths.Length + 1, .. Enumerable.Range(1, lengths.Length).Select(axis => (long)axis)]);
    }

    internal static void Compare(string path, ConvolutionShape shape, ScalarType type, bool gradients, Tensor given)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(gradients);
        var random = new RandomInputs(Seed + 100);
        double scale = 1 / Math.Sqrt(shape.Kernel.Aggregate(shape.Inputs / shape.Groups, (product, length) => product * length));
        var x = given.detach().requires_grad_(gradients);
        var weight = (random.Normal([shape.Outputs, shape.Inputs / shape.Groups, .. shape.Kernel]) * scale).to(type)
            .requires_grad_(gradients);
        var bias = random.Normal(shape.Outputs).to(type).requires_grad_(gradients);
        var y = ConvolutionPaths.Run(path, shape, x, weight, bias);
        var (exactX, exactWeight, exactBias) = (
            Wide(x).detach().requires_grad_(gradients), Wide(weight).detach().requires_grad_(gradients),
            Wide(bias).detach().requires_grad_(gradients));
        var exact = Definition(shape, exactX, exactWeight, exactBias);
        double tolerance = type == ScalarType.Float32 ? 1e-5 : 0.02;
        string about = $"{path}, {type}, {shape}";
        y.detach().ShouldBeNear(exact.detach(), tolerance, about);
        if (!gradients) return;
        var arriving = random.Normal(y.shape).to(type);
        var found = autograd.grad([y], [x, weight, bias], [arriving]);
        var expected = autograd.grad([exact], [exactX, exactWeight, exactBias], [Wide(arriving)]);
        foreach (var (gradient, right) in found.Zip(expected)) gradient.ShouldBeNear(right, tolerance, about + ", gradient");
    }

    private static Tensor Definition(ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias) => shape.Axes switch
    {
        1 => conv1d(Wide(x), Wide(weight), bias is null ? null : Wide(bias), shape.Strides[0], shape.Padding[0], groups: shape.Groups),
        2 => conv2d(Wide(x), Wide(weight), bias is null ? null : Wide(bias), shape.Strides, shape.Padding, groups: shape.Groups),
        _ => conv3d(Wide(x), Wide(weight), bias is null ? null : Wide(bias), shape.Strides, shape.Padding, groups: shape.Groups),
    };

    private static Tensor Wide(Tensor tensor) => tensor.to(ScalarType.Float64);
}
