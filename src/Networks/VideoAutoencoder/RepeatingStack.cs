using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Computes chunks of a video and skips every layer whose input and cached frames equal those of the preceding chunk bit for bit, because
/// its output would be equal. In a still video this happens for one layer after the other, first for the early and most expensive layers.
/// </summary>
internal sealed class RepeatingStack(CausalStack stack, CausalCache cache) : IDisposable
{
    private readonly Tensor?[] activations = new Tensor?[stack.Layers.Count + 1]; // the last chunk, then the output of each layer
    private readonly bool[] settled = new bool[stack.Layers.Count]; // whether the last chunk left the layer's cached frames unchanged

    /// <summary>Number of layers that were computed so far.</summary>
    public int Runs { get; private set; }

    /// <summary>Computes the next chunk.</summary>
    /// <param name="chunk">[B, C, T, H, W]; it completes an output frame of every layer.</param>
    /// <returns>Output of the last layer; it belongs to this object and is valid until the next chunk.</returns>
    public Tensor Forward(Tensor chunk)
    {
        using var scope = NewDisposeScope();
        bool same = Replace(0, chunk.alias());
        for (int i = 0; i < settled.Length; i++)
        {
            if (same && settled[i]) continue;
            cache.Changed = false;
            var y = stack.Layers[i].Forward(activations[i]!, cache);
            settled[i] = cache.Changed == false;
            same = Replace(i + 1, y);
            Runs++;
        }

        return activations[^1]!;
    }

    public void Dispose()
    {
        foreach (var activation in activations) activation?.Dispose();
    }

    /// <summary>Stores an activation; returns whether it equals the one before.</summary>
    private bool Replace(int place, Tensor activation)
    {
        var old = activations[place];
        activations[place] = activation.DetachFromDisposeScope();
        bool same = old is not null && old.shape.AsSpan().SequenceEqual(activation.shape) && old.Equals(activation);
        old?.Dispose();
        return same;
    }
}
