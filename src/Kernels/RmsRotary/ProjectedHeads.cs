using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>The rows of a projection, and what makes queries or keys of them: RMS norm over the whole row, then the rotary turn of every pair.</summary>
/// <param name="X">[B, L, C]</param>
/// <param name="Weight">[C], of the type of X.</param>
/// <param name="Turns">Complex float32, [1, 1, L, D / 2].</param>
public readonly record struct ProjectedHeads(Tensor X, Tensor Weight, double Epsilon, Tensor Turns, int Heads)
{
    /// <summary>D.</summary>
    public long Head => X.shape[2] / Heads;

    /// <returns>[B, H, L, D], of the type of X.</returns>
    public Tensor Turned() => RmsRotary.Apply(X, Weight, Epsilon, Turns, Heads);

    /// <summary>Every step-th token, for statistics.</summary>
    internal ProjectedHeads Sampled(long step) => this with { X = X[TensorIndex.Colon, TensorIndex.Slice(null, null, step)], Turns = Turns[TensorIndex.Ellipsis, TensorIndex.Slice(null, null, step), TensorIndex.Colon].contiguous() };
}
