using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Source of a clip's noise; a fixed source makes a run repeatable.</summary>
public interface INoise
{
    /// <summary>Returns the initial noise of a clip.</summary>
    /// <param name="clip">Index of the clip, from 0.</param>
    /// <param name="shape">Shape of the noise.</param>
    /// <returns>Standard normal, float32, on the CPU.</returns>
    Tensor ForClip(int clip, long[] shape);

    /// <summary>Returns the noise that a few-step sampler adds after a step.</summary>
    /// <param name="clip">Index of the clip, from 0.</param>
    /// <param name="step">Index of the step, from 0.</param>
    /// <param name="shape">Shape of the noise.</param>
    /// <returns>Standard normal, float32, on the CPU.</returns>
    Tensor ForStep(int clip, int step, long[] shape);
}

/// <summary>Noise that depends only on a seed and the index of the clip; it is equal on all devices and in resumed runs.</summary>
public sealed class SeededNoise(long seed) : INoise
{
    public Tensor ForClip(int clip, long[] shape) => Draw(unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)clip), shape);

    public Tensor ForStep(int clip, int step, long[] shape) =>
        Draw(unchecked(((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)clip) * 0xD1B54A32D192ED03 + (ulong)step + 1), shape);

    private static Tensor Draw(ulong seed, long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, ScalarType.Float32, CPU, generator: generator);
    }
}
