using static TorchSharp.torch;

namespace Locutor.Tests;

/// <summary>Random tensors on the CPU. Equal seeds give an equal sequence of tensors.</summary>
public sealed class RandomInputs(long seed)
{
    private ulong drawn;

    /// <summary>Standard normal, float32.</summary>
    public Tensor Normal(params long[] shape)
    {
        using var generator = Next();
        return randn(shape, ScalarType.Float32, CPU, generator: generator);
    }

    /// <summary>Uniform in [-1, 1), float32.</summary>
    public Tensor Picture(params long[] shape)
    {
        using var generator = Next();
        return rand(shape, ScalarType.Float32, CPU, generator: generator) * 2 - 1;
    }

    /// <summary>Uniform from low to high - 1, int64.</summary>
    public Tensor Integers(long low, long high, params long[] shape)
    {
        using var generator = Next();
        return randint(low, high, shape, ScalarType.Int64, CPU, generator: generator);
    }

    private Generator Next() => new((ulong)seed + drawn++, CPU);
}
