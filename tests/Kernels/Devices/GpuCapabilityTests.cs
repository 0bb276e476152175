using System.Diagnostics;
using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests.Devices;

public sealed class GpuCapabilityTests
{
    /// <summary>Types that the tensor cores of each generation multiply, by NVIDIA's tables.</summary>
    [Theory]
    [InlineData("7.5", ScalarType.Float16, false, false)] // T4
    [InlineData("8.0", ScalarType.BFloat16, false, true)] // A100
    [InlineData("8.6", ScalarType.BFloat16, false, true)] // RTX 3090
    [InlineData("8.9", ScalarType.BFloat16, true, true)]  // L4, L40S, RTX 4090
    [InlineData("9.0", ScalarType.BFloat16, true, true)]  // H100, H200
    [InlineData("10.0", ScalarType.BFloat16, true, true)] // B200
    [InlineData("12.0", ScalarType.BFloat16, true, true)] // RTX 5090
    public void A_capability_decides_about_types_and_attention(string text, ScalarType half, bool float8, bool cudnn)
    {
        var capability = GpuCapability.Parse(text);
        capability.ToString().ShouldBe(text);
        var paths = new GpuPaths(capability);
        (paths.Half, paths.Float8Products, paths.Int8Products, paths.CudnnAttention, paths.FusedKernels)
            .ShouldBe((half, float8, true, cudnn, true));
        paths.EightBitAttention.ShouldBe(text == "9.0");
        paths.FrameConvolution.ShouldBe(text == "9.0");
        paths.ActivationPrecision(LinearPrecision.Float8).ShouldBe(float8 ? LinearPrecision.Float8 : LinearPrecision.Plain);
        paths.StoragePrecision(LinearPrecision.Float8).ShouldBe(float8 ? LinearPrecision.Float8 : LinearPrecision.Int8);
        paths.StoragePrecision(LinearPrecision.Int8).ShouldBe(LinearPrecision.Int8);
        paths.Notice(LinearPrecision.Int8, LinearPrecision.Int8).ShouldBeNull();
        (paths.Notice(LinearPrecision.Float8, paths.StoragePrecision(LinearPrecision.Float8)) is null).ShouldBe(float8);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("sm_80")]
    [InlineData("8.0.1")]
    [InlineData("8,0")]
    [InlineData(" 8.0")]
    [InlineData("8.10")]
    [InlineData("+8.0")]
    [InlineData("7.4")]
    [InlineData("13.0")]
    [InlineData("99.0")]
    public void Anything_else_is_refused_with_the_range(string text) =>
        Should.Throw<GpuCapabilityException>(() => GpuCapability.Parse(text)).Message.ShouldBe(
            $"LOCUTOR_GPU_CAPABILITY={text}: expected a compute capability from 7.5 to 12.9, such as 8.0");

    [Fact]
    public void Machine_code_is_made_for_the_GPU_itself_and_PTX_for_an_older_one()
    {
        int[] known = [75, 80, 86, 89, 90, 100, 120];
        GpuCapability a100 = new(8, 0), ada = new(8, 9), hopper = new(9, 0), newer = new(12, 1);
        Nvrtc.Target(known, hopper, hopper).ShouldBe("sm_90");
        Nvrtc.Target(known, hopper, a100).ShouldBe("compute_80");
        Nvrtc.Target(known, hopper, ada).ShouldBe("compute_89");
        Nvrtc.Target(known, newer, newer).ShouldBe("compute_120");
        Should.Throw<KernelException>(
            () => Nvrtc.Target(known, new(7, 0), new(7, 0))).Message.ShouldContain("7.5 and later, the GPU has 7.0");
    }

    [Fact]
    public void A_GPU_here_is_used_as_its_own_or_the_forced_capability_and_passes_its_self_test()
    {
        Assert.SkipUnless(cuda.is_available(), "no GPU on this machine");
        cuda.synchronize(); // initialises CUDA before the time is measured
        long begun = Stopwatch.GetTimestamp();
        var paths = GpuPaths.For(CUDA);
        TestContext.Current.SendDiagnosticMessage($"self test in {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms: {paths}");
        foreach (var result in SelfTest.On(CUDA).Results)
            TestContext.Current.SendDiagnosticMessage($"{result.Kind}: {result.Path}, error {result.Error:0.0e+0} {result.Reason}");
        paths.Capability.ShouldBe(GpuCapability.Forced() ?? CudaDriver.Capability(0));
        paths.ShouldBe(
            new GpuPaths(paths.Capability)
            {
                FusedKernels = CudaKernel.Available,
                EightBitAttention = CudaKernel.Available && paths.Capability.EightBitAttention,
                FrameConvolution = CudaKernel.Available && paths.Capability.FrameConvolution,
            },
            "an operation that this capability has is refused or wrong here");
    }
}
