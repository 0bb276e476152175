using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels.Tests;

public sealed class FrameConvolutionTests
{
    private readonly long seed = TestSeed.Value;
    private readonly RandomInputs random;

    public FrameConvolutionTests() => random = new RandomInputs(seed);

    private string Seed => $"seed {seed}";

    [Fact]
    public void Four_convolutions_of_2x2_equal_upsampling_and_a_convolution_of_3x3()
    {
        using var scope = NewDisposeScope();
        var x = random.Normal(2, 5, 3, 4).to(ScalarType.Float64);
        var weight = random.Normal(6, 5, 3, 3).to(ScalarType.Float64);
        var phases = FrameConvolution.ArrangePhases(weight).squeeze(2); // [4 * 6, 5, 2, 2]
        var parts = conv2d(x, phases, padding: [1, 1]).unflatten(1, [2, 2, 6]); // [2, 2, 2, 6, 4, 5]
        var found = zeros([2, 6, 6, 8], ScalarType.Float64);
        for (int row = 0; row < 2; row++)
        {
            for (int column = 0; column < 2; column++)
            {
                var phase = parts.select(1, row).select(1, column).narrow(2, row, 3).narrow(3, column, 4);
                found.unflatten(2, [3, 2]).unflatten(4, [4, 2]).select(3, row).select(4, column).copy_(phase);
            }
        }

        found.ShouldBeNear(conv2d(Doubled(x), weight, padding: [1, 1]), 1e-12, Seed);
    }

    [Fact]
    public void Added_weights_are_rounded_once_and_arranged_weights_keep_their_values()
    {
        using var scope = NewDisposeScope();
        var weight = random.Normal(3, 2, 3, 3).to(ScalarType.BFloat16);
        var phases = FrameConvolution.ArrangePhases(weight);
        var wide = weight.to(ScalarType.Float32);
        var sum = wide.narrow(2, 1, 2).sum(2).narrow(2, 1, 2).sum(2).to(ScalarType.BFloat16); // of the last two rows and columns
        phases.narrow(0, 0, 3).select(4, 1).select(3, 1).squeeze(2).Equals(sum).ShouldBeTrue(Seed);
        var kernel = random.Normal(3, 2, 3, 3, 3);
        var arranged = FrameConvolution.Arrange(kernel);
        arranged.Equals(kernel).ShouldBeTrue();
        arranged.permute(0, 2, 3, 4, 1).is_contiguous().ShouldBeTrue();
    }

    /// <summary>Sizes that fill tiles and do not, every kind of kernel, and a video that is a part of a longer one.</summary>
    [Theory]
    [InlineData(96, 96, 3, 3, 37, 45)]
    [InlineData(32, 192, 3, 3, 16, 32)]
    [InlineData(192, 384, 1, 1, 5, 3)]
    [InlineData(96, 3, 3, 3, 19, 66)]
    [InlineData(64, 192, 3, 1, 17, 33)]
    public void The_kernel_equals_the_convolution(long inputs, long outputs, int time, int side, long height, long width)
    {
        foreach (var type in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float16])
        {
            using var still = no_grad();
            using var scope = NewDisposeScope();
            SkipWithoutKernel(type, inputs, outputs);
            var (x, weight, bias) = Draw(type, [2, time + 3, height, width, inputs], [outputs, inputs, time, side, side]);
            var arranged = FrameConvolution.Arrange(weight);
            int pad = side / 2;
            foreach (var video in (Tensor[])[x, x.narrow(0, 1, 1).narrow(2, 1, time + 1)])
            {
                var exact = conv3d(Wide(video), Wide(weight), Wide(bias), padding: [0, pad, pad]);
                var plain = conv3d(video, weight, bias, padding: [0, pad, pad]);
                FrameConvolution.CanRun(video, arranged).ShouldBeTrue();
                Compare(FrameConvolution.Apply(video, arranged, bias), plain, exact);
                if (outputs / 2 % FrameConvolution.Part != 0) continue;
                var pairs = exact.unflatten(1, [2, -1]).permute(0, 2, 3, 1, 4, 5).flatten(2, 3);
                FrameConvolution.ApplyPairs(video, arranged, bias).to(ScalarType.Float64).ShouldBeNearInNorm(pairs, Rounded(type), Seed);
            }

            FrameConvolution.CanRun(x.contiguous(), arranged).ShouldBeFalse("channels are not last");
            FrameConvolution.CanRun(x.narrow(4, 0, width - 1), arranged).ShouldBeFalse("pixels are not side by side");
        }
    }

    [Theory]
    [InlineData(32, 96, 16, 32)]
    [InlineData(192, 96, 19, 35)]
    [InlineData(96, 192, 5, 70)]
    public void The_kernel_doubles_and_convolves(long inputs, long outputs, long height, long width)
    {
        foreach (var type in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float16])
        {
            using var still = no_grad();
            using var scope = NewDisposeScope();
            SkipWithoutKernel(type, inputs, outputs);
            var (x, weight, bias) = Draw(type, [1, 3, height, width, inputs], [outputs, inputs, 3, 3]);
            var frames = Doubled(x.transpose(1, 2).flatten(0, 1));
            var exact = conv2d(Wide(frames), Wide(weight), Wide(bias), padding: [1, 1]).unsqueeze(0).transpose(1, 2);
            var plain = conv2d(frames, weight, bias, padding: [1, 1]).unsqueeze(0).transpose(1, 2);
            Compare(FrameConvolution.ApplyDoubling(x, FrameConvolution.ArrangePhases(weight), bias), plain, exact);
        }
    }

    private static void SkipWithoutKernel(ScalarType type, long inputs, long outputs) => Assert.SkipUnless(
        cuda.is_available() && FrameConvolution.Serves(CUDA, type, inputs, outputs), "no GPU with this kernel");

    /// <summary>The kernel rounds once, cuDNN before and after the bias, so the kernel must not differ more.</summary>
    private void Compare(Tensor found, Tensor plain, Tensor exact)
    {
        found.shape.ShouldBe(exact.shape);
        found.permute(0, 2, 3, 4, 1).is_contiguous().ShouldBeTrue();
        found.to(ScalarType.Float64).ShouldBeNearInNorm(exact, Rounded(found.dtype), Seed);
        double length = exact.norm().item<double>();
        double own = (found.to(ScalarType.Float64) - exact).norm().item<double>() / length;
        own.ShouldBeLessThan(1.05 * (plain.to(ScalarType.Float64) - exact).norm().item<double>() / length, Seed);
    }

    private static double Rounded(ScalarType type) => type == ScalarType.Float16 ? 5e-4 : 4e-3;

    private (Tensor X, Tensor Weight, Tensor Bias) Draw(ScalarType type, long[] video, long[] weight)
    {
        double deviation = 1 / Math.Sqrt(weight.Skip(1).Aggregate(1L, (product, length) => product * length));
        return (
            random.Normal(video).to(CUDA).to(type).permute(0, 4, 1, 2, 3), (random.Normal(weight) * deviation).to(CUDA).to(type),
            random.Normal(weight[0]).to(CUDA).to(type));
    }

    private static Tensor Wide(Tensor x) => x.to(ScalarType.Float64);

    private static Tensor Doubled(Tensor frames) => frames.repeat_interleave(2, 2).repeat_interleave(2, 3);
}
