using Locutor.Kernels.Devices;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>Random inputs on a device.</summary>
internal sealed class Inputs
{
    private int drawn;

    public long Seed { get; } = TestSeed.Value;

    /// <summary>
    /// The devices of this machine: the CPU, which takes the plain paths, and a GPU if there is one, which takes kernels.
    /// </summary>
    public static TheoryData<string> Devices => cuda.is_available() ? ["cpu", "cuda"] : ["cpu"];

    /// <summary>The 16-bit type in which networks compute on that device.</summary>
    public static ScalarType Half(string device) => GpuPaths.ForGpu(new Device(device))?.Half ?? ScalarType.BFloat16;

    /// <summary>
    /// 16-bit numbers of a standard normal distribution, on the device. With a gap, each row is a view into a longer row.
    /// </summary>
    public Tensor Rows(string device, long gap, params long[] shape)
    {
        long[] longer = [.. shape.AsSpan(0, shape.Length - 1), shape[^1] + gap];
        return Normal(longer).to(Half(device)).to(new Device(device)).narrow(-1, 0, shape[^1]);
    }

    public Tensor Singles(string device, params long[] shape) => Normal(shape).to(new Device(device));

    private Tensor Normal(long[] shape)
    {
        using var generator = new Generator((ulong)(Seed + drawn++), CPU);
        return randn(shape, ScalarType.Float32, CPU, generator: generator);
    }
}
