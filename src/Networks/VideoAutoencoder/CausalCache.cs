using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Frames that the layers of a causal network keep between two chunks of a video, at most two for each layer. A cache serves one video in
/// one direction (encoding or decoding), chunk after chunk; dispose it after the last chunk.
/// </summary>
public sealed class CausalCache : IDisposable
{
    private readonly Dictionary<object, Tensor> frames = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> started = new(ReferenceEqualityComparer.Instance);

    /// <summary>The caller sets it to false; it becomes true when the cached frames of any layer change.</summary>
    internal bool? Changed { get; set; }

    /// <summary>Bytes of the cached frames.</summary>
    internal long Bytes => frames.Values.Sum(cached => cached.numel() * cached.element_size());

    /// <summary>Returns the cached frames of a layer, or null before its first chunk. The cache owns them.</summary>
    internal Tensor? Get(object layer) => frames.GetValueOrDefault(layer);

    /// <summary>Copies the last frames of a chunk into the cache; the chunk can be freed.</summary>
    internal void Set(object layer, Tensor last)
    {
        var copy = Detached(() => Layout.EmptyLike(last, last.shape[2]).copy_(last));
        frames.Remove(layer, out var old);
        if (Changed == false) Changed = old is null || !old.Equals(copy);
        old?.Dispose();
        frames[layer] = copy;
    }

    /// <summary>Returns a cache with equal frames, after which the same video continues in another way.</summary>
    internal CausalCache Copy()
    {
        var copy = new CausalCache();
        foreach (var (layer, cached) in frames) copy.Set(layer, cached);
        copy.started.UnionWith(started);
        return copy;
    }

    /// <summary>Returns true at the first call for a layer, and false afterwards.</summary>
    internal bool IsFirstCall(object layer) => started.Add(layer);

    public void Dispose()
    {
        foreach (var cached in frames.Values) cached.Dispose();
        frames.Clear();
        started.Clear();
    }
}
