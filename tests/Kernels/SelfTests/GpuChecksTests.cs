using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.SelfTests;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests.SelfTests;

/// <summary>The self test of a GPU, run on a CPU: it refuses what only GPUs have, so that the other paths are taken.</summary>
public sealed class GpuChecksTests
{
    private static readonly GpuCapability Hopper = new(9, 0);

    [Fact]
    public void A_refused_operation_takes_another_path_and_does_not_end_the_process()
    {
        var test = new SelfTest("a CPU in place of a GPU", null);
        var paths = GpuSelfTest.Run(CPU, new(Hopper), test);
        paths.CudnnAttention.ShouldBeFalse();
        var attention = test.Results.Single(result => result.Kind.Name == "attention");
        (attention.Path, attention.Usual, attention.IsChanged).ShouldBe(("libtorch", "cuDNN", true));
        attention.Reason.ShouldNotBeNull().ShouldContain("_scaled_dot_product_cudnn_attention");
        attention.Reason.ShouldNotContain("TorchScript");
        test.Notice.ShouldNotBeNull();
    }

    /// <summary>Every path that needs no special hardware passes its check; otherwise the path or the check is wrong.</summary>
    [Theory]
    [InlineData("7.5", "widened")]
    [InlineData("8.0", "widened")]
    [InlineData("8.9", "bytes")] // on a CPU, the exact product of the bytes
    public void Every_operation_has_a_right_path(string capability, string float8)
    {
        var test = new SelfTest(capability, null);
        var paths = GpuSelfTest.Run(CPU, new(GpuCapability.Parse(capability)), test);
        test.Results.Count.ShouldBe(7);
        test.Results.ShouldAllBe(result => result.Path != null && result.Error < 2e-2);
        test.Results.Single(result => result.Kind.Type == "float8").Path.ShouldBe(float8);
        paths.Float8Products.ShouldBe(float8 == "bytes");
        paths.Half.ShouldBe(capability == "7.5" ? ScalarType.Float16 : ScalarType.BFloat16);
        paths.FusedKernels.ShouldBeFalse("a CPU has no kernels");
    }

    [Fact]
    public void A_wrong_16_bit_product_leads_to_the_next_type()
    {
        var test = new SelfTest("wrong", null);
        var (kind, check) = new GpuChecks(CPU, Hopper).Products();
        var spoilt = check.Paths[0] with { Run = given => [.. check.Paths[0].Run(given).Select(y => y * 1.1)] };
        test.PathOf(kind, check with { Paths = [spoilt, check.Paths[1], check.Paths[2]], TimedInputs = null })
            .ShouldBeOneOf("float16", "float32");
        test.Results.Single().Reason.ShouldBe("wrong by 10 %");
    }
}
