using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// What the layers remember of a video between two chunks: at most two frames each. One cache serves one video, in one direction
/// (encoding or decoding), chunk after chunk; dispose it after the last.
/// </summary>
public sealed class CausalCache : IDisposable
{
    private readonly Dictionary<object, Tensor> frames = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> begun = new(ReferenceEqualityComparer.Instance);

    /// <summary>Set to false by who wants to know: true once a layer keeps other frames than it kept before.</summary>
    internal bool? Changed { get; set; }

    /// <summary>Memory that it holds, in bytes.</summary>
    internal long Bytes => frames.Values.Sum(kept => kept.numel() * kept.element_size());

    /// <summary>The frames that the layer kept of the chunks before, if any. The cache owns them.</summary>
    internal Tensor? Kept(object layer) => frames.GetValueOrDefault(layer);

    /// <summary>Copies the frames, so that the chunk they are part of can go.</summary>
    internal void Keep(object layer, Tensor kept)
    {
        var copy = Layout.EmptyLike(kept, kept.shape[2]).copy_(kept).DetachFromDisposeScope();
        frames.Remove(layer, out var old);
        if (Changed == false) Changed = old is null || !old.Equals(copy);
        old?.Dispose();
        frames[layer] = copy;
    }

    /// <summary>True the first time that a layer asks.</summary>
    internal bool Begins(object layer) => begun.Add(layer);

    public void Dispose()
    {
        foreach (var kept in frames.Values) kept.Dispose();
        frames.Clear();
        begun.Clear();
    }
}
