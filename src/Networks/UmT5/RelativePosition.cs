using static TorchSharp.torch;

namespace Locutor.Networks.UmT5;

/// <summary>T5's buckets of relative positions (arXiv:1910.10683, section 2.1): exact when near, logarithmic when farther.</summary>
internal static class RelativePosition
{
    /// <summary>Bucket of every key position as seen from every query position.</summary>
    /// <returns>[L * L], int64: for query 0 all keys, then for query 1, ...</returns>
    public static Tensor Buckets(long length, UmT5Config config, Device device)
    {
        using var scope = NewDisposeScope();
        long half = config.Buckets / 2, exact = half / 2;
        var positions = arange(length, ScalarType.Int64, device);
        var offset = positions.unsqueeze(0) - positions.unsqueeze(1); // key - query
        var distance = offset.abs();
        // log(0) is never used; 1 stands in so that no infinity is converted to an integer
        var far = (distance.clamp_min(1).to(ScalarType.Float32) / exact).log() / Math.Log((double)config.MaxDistance / exact) * (half - exact);
        var logarithmic = (exact + far.to(ScalarType.Int64)).clamp_max(half - 1);
        return (offset.gt(0).to(ScalarType.Int64) * half + where(distance.lt(exact), distance, logarithmic)).flatten().MoveToOuterDisposeScope();
    }
}
