using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Embedding of a timestep. All passes of a sampling step share one. Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py,
/// lines 28 and 634, at commit 0107cd9.
/// </summary>
/// <param name="Embedded">[B, C], float32.</param>
/// <param name="Modulation">[B, 6, C], float32; every block adds its own modulation.</param>
public sealed record TimeEmbedding(Tensor Embedded, Tensor Modulation) : ITensorGroup, IDisposable
{
    public IEnumerable<Tensor> Tensors => [Embedded, Modulation];

    public void Dispose() => this.Free();
}
