using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Tokens with an update that is not added yet; their value is tokens + update * gate. The next norm adds the update in its own kernel,
/// which saves a pass over memory.
/// </summary>
/// <param name="Tokens">[B, L, C]</param>
/// <param name="Update">[B, L, C], or null if there is no update.</param>
/// <param name="Gate">[B, 1, C], float32, or null for 1.</param>
public sealed record PendingResidual(Tensor Tokens, Tensor? Update = null, Tensor? Gate = null) : ITensorGroup
{
    public IEnumerable<Tensor> Tensors => new[] { Tokens, Update, Gate }.OfType<Tensor>();

    /// <summary>Adds the update. Without one, returns the tokens themselves.</summary>
    public Tensor Sum() => Update is null ? Tokens : Gate is null ? Tokens + Update : GatedResidual.Apply(Tokens, Update, Gate);

    /// <summary>
    /// Adds the update, normalises the sum and computes the next update from it. Every tensor is freed after its last use: at the largest
    /// sizes such tokens are most of the memory of a pass.
    /// </summary>
    /// <param name="norm">Returns the sum and its norm.</param>
    /// <param name="layer">Computes the update from the norm.</param>
    /// <param name="gate">Factor of the new update, [B, 1, C] in float32, or null for 1.</param>
    public PendingResidual Then(
        Func<PendingResidual, (Tensor Sum, Activations Normed)> norm, Func<Activations, Tensor> layer, Tensor? gate = null) => Scoped(() =>
    {
        var (sum, normed) = norm(this);
        if (Update is not null) this.Free();
        return new PendingResidual(sum, layer(normed), gate);
    });
}
