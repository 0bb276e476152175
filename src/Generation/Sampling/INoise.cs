using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Where the noise of a clip comes from, so that a run can be replayed and compared.</summary>
public interface INoise
{
    /// <param name="clip">0 for the first.</param>
    /// <returns>Standard normal, float32, on the CPU.</returns>
    Tensor OfClip(int clip, long[] shape);
}

/// <summary>Noise that a seed and the number of the clip determine, on any device and wherever a run is resumed.</summary>
public sealed class SeededNoise(long seed) : INoise
{
    public Tensor OfClip(int clip, long[] shape)
    {
        using var generator = new Generator(unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)clip), CPU);
        return randn(shape, ScalarType.Float32, CPU, generator: generator);
    }
}
