using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>What all blocks together added to the tokens at the last pass that ran them; a step cache reuses it.</summary>
public sealed class BlockResidual : IDisposable
{
    private Tensor? value;

    /// <summary>Set before a pass: take <see cref="Value"/> instead of running the blocks.</summary>
    public bool Reuse { get; set; }

    public bool IsEmpty => value is null;

    /// <summary>[B, L, C]; kept outside of dispose scopes.</summary>
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
