using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Networks.Residency;

/// <summary>
/// Keeps blocks in pinned host memory and copies them on a separate stream. One event per slot marks the end of the work that used it,
/// another the end of the copy into it.
/// </summary>
internal sealed class CudaTransport : IBlockTransport
{
    private readonly int device;
    private readonly IReadOnlyList<IReadOnlyList<(nint Address, long Bytes)>> slots;
    private readonly nint[] blocks; // pinned memory, a block's parameters one after the other
    private readonly nint stream;
    private readonly nint[] filled, used;

    /// <summary>Copies all blocks to pinned memory.</summary>
    /// <param name="device">Index of the GPU.</param>
    /// <param name="slots">Parameters of each slot, on the GPU.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="parameters">Returns a block's parameters on any device; called once for each block. The transport disposes of
    /// them.</param>
    public CudaTransport(int device, IReadOnlyList<IReadOnlyList<Tensor>> slots, int blocks, Func<int, IReadOnlyList<Tensor>> parameters)
    {
        CudaDriver.Enter(device);
        this.device = device;
        this.slots =
        [
            .. slots.Select(
                slot => (IReadOnlyList<(nint, long)>)[.. slot.Select(tensor => (TensorMemory.Address(tensor), BytesOf(tensor)))])
        ];
        stream = CudaDriver.NewStream();
        filled = [.. slots.Select(_ => CudaDriver.NewEvent())];
        used = [.. slots.Select(_ => CudaDriver.NewEvent())];
        this.blocks = new nint[blocks];
        for (int block = 0; block < blocks; block++) this.blocks[block] = Pinned(parameters(block));
    }

    public void Begin(int slot, int block)
    {
        CudaDriver.Enter(device);
        CudaDriver.Wait(stream, used[slot]); // an event that was never recorded is done
        nint from = blocks[block];
        foreach (var (address, bytes) in slots[slot])
        {
            CudaDriver.CopyToDevice(address, from, bytes, stream);
            from += (nint)bytes;
        }
        CudaDriver.Record(filled[slot], stream);
    }

    public void Await(int slot)
    {
        CudaDriver.Enter(device);
        CudaDriver.Wait(CudaDriver.CurrentStream(device), filled[slot]);
    }

    public void Used(int slot)
    {
        CudaDriver.Enter(device);
        CudaDriver.Record(used[slot], CudaDriver.CurrentStream(device));
    }

    public void Dispose()
    {
        CudaDriver.Enter(device);
        foreach (nint happening in filled) CudaDriver.Synchronize(happening);
        foreach (nint happening in filled.Concat(used)) CudaDriver.DestroyEvent(happening);
        CudaDriver.DestroyStream(stream);
        foreach (nint memory in blocks.Where(memory => memory != 0)) CudaDriver.FreePinned(memory);
    }

    private static nint Pinned(IReadOnlyList<Tensor> parameters)
    {
        nint memory = CudaDriver.AllocatePinned(parameters.Sum(BytesOf)), to = memory;
        foreach (var tensor in parameters)
        {
            using (tensor)
            using (var host = tensor.cpu())
            using (var plain = host.contiguous())
            {
                unsafe
                {
                    Buffer.MemoryCopy((void*)TensorMemory.Address(plain), (void*)to, BytesOf(tensor), BytesOf(tensor));
                }
                to += (nint)BytesOf(tensor);
            }
        }
        return memory;
    }

    private static long BytesOf(Tensor tensor) => tensor.numel() * tensor.element_size();
}
