using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.UmT5;

/// <summary>
/// Buckets of relative positions in T5 (Raffel et al., arXiv:1910.10683, section 2.1): near positions have their own buckets, farther ones
/// share buckets of logarithmic size.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/t5.py, line 250, at commit 0107cd9.
/// </summary>
internal static class RelativePosition
{
    /// <summary>Returns the bucket of every key position relative to every query position.</summary>
    /// <returns>[L * L], int64: the buckets of all keys for query 0, then for query 1, and so on.</returns>
    public static Tensor Buckets(long length, UmT5Config config, Device device) => Scoped(() =>
    {
        long half = config.Buckets / 2, exact = half / 2;
        var positions = arange(length, ScalarType.Int64, device);
        var offset = positions.unsqueeze(0) - positions.unsqueeze(1); // key - query
        var distance = offset.abs();
        // distance 0 never uses the logarithm; 1 avoids the conversion of an infinity to an integer
        var far = (distance.clamp_min(1).to(ScalarType.Float32) / exact)
            .log() / Math.Log((double)config.MaxDistance / exact) * (half - exact);
        var logarithmic = (exact + far.to(ScalarType.Int64)).clamp_max(half - 1);
        return (offset.gt(0).to(ScalarType.Int64) * half + where(distance.lt(exact), distance, logarithmic)).flatten();
    });
}
