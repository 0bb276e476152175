using static TorchSharp.torch;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>
/// Interpolates features linearly to video frames, piece by piece. The result equals that of libtorch's <c>interpolate</c> with aligned
/// corners over all features.
/// </summary>
internal sealed class FeatureSpread(Wav2Vec2Config config, long samples, long frames) : IDisposable
{
    private readonly long made = (samples - config.ReceptiveField()) / config.Stride() + 1;
    private Tensor? kept; // [1, C, features], needed for later frames
    private long first; // index of the first kept feature
    private long next; // next frame

    /// <summary>Adds the next features.</summary>
    /// <param name="piece">[1, C, features], the features after those of the last call.</param>
    /// <param name="take">Receives the first frame and the rows [1, frames, C] that are complete now.</param>
    public void Add(Tensor piece, Action<long, Tensor> take)
    {
        using var scope = NewDisposeScope();
        var all = kept is null ? piece : cat([kept, piece], 2);
        long end = first + all.shape[2];
        var (lower, upper, shares) = (new List<long>(), new List<long>(), new List<float>());
        long start = next;
        for (; next < frames && Place(next) is var place && place.Upper < end; next++)
        {
            lower.Add(place.Lower - first);
            upper.Add(place.Upper - first);
            shares.Add(place.Share);
        }

        if (lower.Count > 0) take(start, Between(all, lower, upper, shares));
        // With more than two features a frame, the next frame may need none of those that are here.
        long needed = Math.Min(next < frames ? Place(next).Lower : end - 1, end);
        var rest = all.narrow(2, needed - first, end - needed).clone().DetachFromDisposeScope();
        kept?.Dispose();
        (kept, first) = (rest, needed);
    }

    public void Dispose() => kept?.Dispose();

    private static Tensor Between(Tensor all, List<long> lower, List<long> upper, List<float> shares)
    {
        var wide = all.to(ScalarType.Float32);
        var share = tensor(shares.ToArray(), device: all.device);
        var below = wide.index_select(2, tensor(lower.ToArray(), device: all.device));
        var above = wide.index_select(2, tensor(upper.ToArray(), device: all.device));
        return (below * (1 - share) + above * share).to(all.dtype).transpose(1, 2).contiguous();
    }

    /// <summary>Returns the two features around a frame and the weight of the upper one, in float32 as libtorch computes them.</summary>
    private (long Lower, long Upper, float Share) Place(long frame)
    {
        float scale = frames > 1 ? (float)(made - 1) / (frames - 1) : 0, position = scale * frame;
        long lower = Math.Min((long)MathF.Floor(position), made - 1);
        return (lower, Math.Min(lower + 1, made - 1), Math.Clamp(position - lower, 0, 1));
    }
}
