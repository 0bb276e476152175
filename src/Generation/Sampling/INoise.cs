using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Where the noise of a clip comes from, so that a run can be replayed and compared.</summary>
public interface INoise
{
    /// <param name="clip">0 for the first.</param>
    /// <returns>Standard normal, float32, on the CPU.</returns>
    Tensor OfClip(int clip, long[] shape);

    /// <summary>The noise that a few-step sampler mixes in after a step.</summary>
    /// <param name="clip">0 for the first.</param>
    /// <param name="step">0 for the first.</param>
    /// <returns>Standard normal, float32, on the CPU.</returns>
    Tensor OfStep(int clip, int step, long[] shape);
}

/// <summary>Noise that a seed and the number of the clip determine, on any device and wherever a run is resumed.</summary>
public sealed class SeededNoise(long seed) : INoise
{
    public Tensor OfClip(int clip, long[] shape) => Draw(unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)clip), shape);

    public Tensor OfStep(int clip, int step, long[] shape) =>
        Draw(unchecked(((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)clip) * 0xD1B54A32D192ED03 + (ulong)step + 1), shape);

    private static Tensor Draw(ulong seed, long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, ScalarType.Float32, CPU, generator: generator);
    }
}
