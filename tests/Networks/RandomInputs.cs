using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

/// <summary>Fresh random tensors whose seed a failing test prints; equal seeds give an equal row of tensors.</summary>
internal sealed class RandomInputs(long seed)
{
    private ulong drawn;

    public Tensor Normal(params long[] shape)
    {
        using var generator = Next();
        return randn(shape, ScalarType.Float32, CPU, generator: generator);
    }

    /// <summary>In [-1, 1).</summary>
    public Tensor Picture(params long[] shape)
    {
        using var generator = Next();
        return rand(shape, ScalarType.Float32, CPU, generator: generator) * 2 - 1;
    }

    public Tensor Integers(long low, long high, params long[] shape)
    {
        using var generator = Next();
        return randint(low, high, shape, ScalarType.Int64, CPU, generator: generator);
    }

    private Generator Next() => new((ulong)seed + drawn++, CPU);
}
