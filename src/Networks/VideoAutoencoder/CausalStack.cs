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

    /// <summary>
    /// Divides the layers into those up to the last that sees whole frames, those up to the border, and those after it.
    /// </summary>
    public IReadOnlyList<CausalStack> Stages()
    {
        int whole = layers.Index().Where(layer => layer.Item.Field.SeesWholeFrame).Select(layer => layer.Index + 1).LastOrDefault();
        int border = Math.Max(whole, split);
        CausalStack[] parts =
        [
            new([.. layers.Take(whole)], 0), new([.. layers.Take(border).Skip(whole)], 0), new([.. layers.Skip(border)], 0)
        ];
        return [parts[0], .. parts.Skip(1).Where(part => part.Layers.Count > 0)];
    }

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
