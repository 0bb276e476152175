using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Projected rows with the parameters that turn them into queries or keys: RMS norm over the whole row, then rotary embedding.
/// </summary>
/// <param name="X">[B, L, C]</param>
/// <param name="Weight">[C], of the type of X.</param>
/// <param name="Eps">Added to the mean of squares.</param>
/// <param name="Rotary">Rotation factors, complex float32 [1, 1, L, D / 2].</param>
/// <param name="Heads">Number of heads.</param>
public readonly record struct ProjectedHeads(Tensor X, Tensor Weight, double Eps, Tensor Rotary, int Heads)
{
    /// <summary>Channels of a head, D.</summary>
    public long Head => X.shape[2] / Heads;

    /// <summary>Computes norm and rotation.</summary>
    /// <returns>[B, H, L, D], of the type of X.</returns>
    public Tensor Rotated() => RmsRotary.Apply(X, Weight, Eps, Rotary, Heads);

    /// <summary>Returns every step-th token, for statistics.</summary>
    internal ProjectedHeads Sampled(long first, long step)
    {
        var every = TensorIndex.Slice(first, null, step);
        return this with { X = X[TensorIndex.Colon, every], Rotary = Rotary[TensorIndex.Ellipsis, every, TensorIndex.Colon].contiguous() };
    }
}
