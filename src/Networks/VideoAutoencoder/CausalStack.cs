using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>A layer of a causal network.</summary>
/// <param name="Forward">Computes a chunk of a video; without a cache the chunk is the whole video.</param>
/// <param name="Field">Receptive field in space.</param>
internal sealed record CausalLayer(Func<Tensor, CausalCache?, Tensor> Forward, ReceptiveField Field);

/// <summary>A causal network as a list of layers.</summary>
/// <param name="layers">Layers in order.</param>
/// <param name="split">Number of layers before the border between the two highest resolutions and the others.</param>
internal sealed class CausalStack(IReadOnlyList<CausalLayer> layers, int split)
{
    /// <summary>Layers in order.</summary>
    public IReadOnlyList<CausalLayer> Layers => layers;

    /// <summary>Returns the layers before and after the border as two networks.</summary>
    public (CausalStack Before, CausalStack After) Split() => (new([.. layers.Take(split)], split), new([.. layers.Skip(split)], 0));

    /// <summary>Computes all layers. Returns null when the chunk does not complete an output frame of some layer.</summary>
    public Tensor? Forward(Tensor x, CausalCache? cache, CancellationToken cancellationToken = default)
    {
        var input = x;
        foreach (var layer in layers)
        {
            cancellationToken.ThrowIfCancellationRequested(); // a chunk takes seconds on a CPU
            var next = layer.Forward(x, cache);
            if (!ReferenceEquals(x, input)) x.Dispose(); // frees each activation after its last use
            x = next;
            if (x.shape[2] > 0) continue;
            x.Dispose();
            return null;
        }

        return x;
    }
}
