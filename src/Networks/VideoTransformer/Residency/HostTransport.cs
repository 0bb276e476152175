using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer.Residency;

/// <summary>Copies at once, for devices that share the host's memory.</summary>
/// <param name="slots">Parameters of each slot, in the order in which a block loads them.</param>
/// <param name="blocks">The same of each block, at rest.</param>
internal sealed class HostTransport(IReadOnlyList<IReadOnlyList<Tensor>> slots, IReadOnlyList<IReadOnlyList<Tensor>> blocks) : IBlockTransport
{
    public void Begin(int slot, int block)
    {
        using var still = no_grad();
        for (int i = 0; i < slots[slot].Count; i++) slots[slot][i].copy_(blocks[block][i]);
    }

    public void Await(int slot) { }

    public void Used(int slot) { }

    public void Dispose()
    {
        foreach (var tensor in blocks.SelectMany(block => block)) tensor.Dispose();
    }
}
