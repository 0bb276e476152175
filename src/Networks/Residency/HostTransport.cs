using static TorchSharp.torch;

namespace Locutor.Networks.Residency;

/// <summary>Copies a block when it is requested; for devices that share the memory of the host.</summary>
/// <param name="slots">Parameters of each slot, in the order in which a block loads them.</param>
/// <param name="blocks">Parameters of each block on the host, in the same order.</param>
internal sealed class HostTransport(IReadOnlyList<IReadOnlyList<Tensor>> slots, IReadOnlyList<IReadOnlyList<Tensor>> blocks)
    : IBlockTransport
{
    public void Begin(int slot, int block)
    {
        using var inference = no_grad();
        for (int i = 0; i < slots[slot].Count; i++) slots[slot][i].copy_(blocks[block][i]);
    }

    public void Await(int slot) { }

    public void Used(int slot) { }

    public void Dispose()
    {
        foreach (var tensor in blocks.SelectMany(block => block)) tensor.Dispose();
    }
}
