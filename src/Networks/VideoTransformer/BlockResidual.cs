using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// The sum of the updates of all blocks, kept from the last pass that ran them. A step cache reuses it in place of the blocks.
/// </summary>
public sealed class BlockResidual : IDisposable
{
    private Tensor? value;

    /// <summary>When true, the next pass adds <see cref="Value"/> and does not run the blocks.</summary>
    public bool Reuse { get; set; }

    /// <summary>True until a pass has run the blocks.</summary>
    public bool IsEmpty => value is null;

    /// <summary>[B, L, C]; belongs to no dispose scope.</summary>
    /// <exception cref="InvalidOperationException">No pass has run the blocks yet.</exception>
    public Tensor Value
    {
        get => value ?? throw new InvalidOperationException("no pass has run the blocks yet");
        set
        {
            this.value?.Dispose();
            this.value = value.DetachFromDisposeScope();
        }
    }

    public void Dispose() => value?.Dispose();
}
