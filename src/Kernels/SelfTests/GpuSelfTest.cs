using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels.SelfTests;

/// <summary>Tests the operations of a GPU before the first of them is used, and keeps the result in the cache folder.</summary>
internal static class GpuSelfTest
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "kernels must not know the tests that run them")]
    internal static void Register() => GpuPaths.SelfTest = Run;

    /// <summary>Returns paths without those that the self test finds wrong.</summary>
    /// <exception cref="WrongArithmeticException">The GPU computes an operation wrongly on every path.</exception>
    internal static GpuPaths Run(Device gpu, GpuPaths paths)
    {
        using var inference = no_grad();
        var test = SelfTest.On(gpu);
        var tested = Run(gpu, paths, test);
        test.Save();
        return tested;
    }

    /// <summary>Returns paths without those that the self test finds wrong.</summary>
    internal static GpuPaths Run(Device gpu, GpuPaths paths, SelfTest test)
    {
        var capability = paths.Capability;
        var checks = new GpuChecks(gpu, capability);
        string type = Taken(checks.Products());
        var half = type == GpuChecks.BFloat16 ? ScalarType.BFloat16 : type == GpuChecks.Float16 ? ScalarType.Float16 : ScalarType.Float32;
        if (half == ScalarType.Float32)
        {
            return new(capability)
            {
                Half = half,
                FusedKernels = false,
                EightBitAttention = false,
                FrameConvolution = false,
                CudnnAttention = false,
                GeluInProduct = false,
                Float32Outputs = false,
                Float8Products = false,
                Int8Products = false,
            };
        }

        return paths with
        {
            Half = half,
            GeluInProduct = Taken(checks.Gelu(half)) == GpuChecks.OneKernel,
            Float32Outputs = Taken(checks.Float32Outputs(half)) == GpuChecks.AsFloat32,
            Float8Products = Taken(checks.Bytes(LinearPrecision.Float8, half)) == GpuChecks.AsBytes,
            Int8Products = Taken(checks.Bytes(LinearPrecision.Int8, half)) == GpuChecks.AsBytes,
            CudnnAttention = Taken(checks.Attention(half)) == GpuChecks.Cudnn,
            FusedKernels = Taken(checks.Kernels(half)) == GpuChecks.Fused,
            EightBitAttention = capability.EightBitAttention && Taken(checks.EightBitAttention(half)) == GpuChecks.EightBits,
            FrameConvolution = capability.FrameConvolution && Taken(checks.FrameConvolution(half)) == GpuChecks.OneKernel,
        };

        string Taken((OperationKind Kind, OperationCheck Check) one) =>
            test.PathOf(one.Kind, one.Check) ?? throw new WrongArithmeticException(
                $"this GPU (capability {capability}) computes {one.Kind} wrongly on every path: " +
                $"{test.Results.First(result => result.Kind == one.Kind).Reason}");
    }
}
