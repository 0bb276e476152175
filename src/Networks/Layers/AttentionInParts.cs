using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>
/// Computes attention, softmax(q k^T / sqrt(D)) v, over keys that arrive in parts, so that memory holds one part at a time. The results of
/// the parts are averaged in float32, with weights from their sums of exponentials (Milakov and Gimelshein, arXiv:1805.02867).
/// </summary>
/// <param name="q">[B, H, L, D]; it must live as long as this object.</param>
internal sealed class AttentionInParts(Tensor q) : IDisposable
{
    private Tensor? mean; // [B, H, L, D], float32
    private Tensor? sums; // [B, H, L, 1], float32: natural logarithms

    /// <summary>Adds a part of the keys.</summary>
    /// <param name="k">[B, H, keys, D]</param>
    /// <param name="v">[B, H, keys, D]</param>
    public void Add(Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var (output, logarithms) = Part(k, v);
        var (next, nextSums) = (
            output.to(ScalarType.Float32), logarithms.to(ScalarType.Float32).reshape(q.shape[0], q.shape[1], q.shape[2], 1));
        if (mean is not null && sums is not null)
        {
            next = lerp(next, mean, (sums - nextSums).sigmoid());
            nextSums = logaddexp(sums, nextSums);
        }

        Dispose();
        (mean, sums) = (next.DetachFromDisposeScope(), nextSums.DetachFromDisposeScope());
    }

    /// <summary>Returns the attention over all parts.</summary>
    /// <returns>[B, L, H * D], of the type of the queries.</returns>
    public Tensor Result()
    {
        using var scope = NewDisposeScope();
        return mean!.to(q.dtype).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        mean?.Dispose();
        sums?.Dispose();
    }

    private (Tensor Output, Tensor Logarithms) Part(Tensor k, Tensor v)
    {
        if (CudaKernel.CanRunAttention(q)) return TorchScripts.CudnnAttentionAndSums(q, k, v);
        if (q.device_type == TorchSharp.DeviceType.CPU) return TorchScripts.ProcessorAttentionAndSums(q, k, v);
        var scores = matmul(q.to(ScalarType.Float32), k.to(ScalarType.Float32).transpose(2, 3)) / Math.Sqrt(q.shape[3]);
        return (matmul(scores.softmax(3), v.to(ScalarType.Float32)), scores.logsumexp(3));
    }
}
