using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Torch.Devices;

/// <summary>
/// Copies memory of GPUs with their copy engines, so that kernels keep all multiprocessors. Copies from other GPUs and copies inside this
/// one have a stream each, so that they do not wait for each other. The GPUs must have access to each other's memory
/// (<see cref="PeerAccess"/>).
/// </summary>
internal sealed class PeerCopyStream : ICopyStream
{
    /// <summary>
    /// Number of events that are used in turn. An exchange uses three of them, and needs them until it is finished.
    /// </summary>
    private const int Events = 64;

    private readonly int device;
    private readonly nint foreign, own;
    private readonly nint[] events;
    private int next;

    public PeerCopyStream(int device)
    {
        CudaDriver.Enter(device);
        this.device = device;
        (foreign, own) = (CudaDriver.NewStream(), CudaDriver.NewStream());
        events = [.. Enumerable.Range(0, Events).Select(_ => CudaDriver.NewEvent())];
    }

    public nint MarkWork() => Mark(CudaDriver.CurrentStream(device));

    public nint MarkCopies()
    {
        CudaDriver.Wait(foreign, Mark(own));
        return Mark(foreign);
    }

    public void CopiesWaitFor(nint mark)
    {
        CudaDriver.Wait(own, mark);
        CudaDriver.Wait(foreign, mark);
    }

    public void ForeignCopiesWaitFor(nint mark) => CudaDriver.Wait(foreign, mark);

    public void WorkWaitsFor(nint mark)
    {
        CudaDriver.Enter(device);
        CudaDriver.Wait(CudaDriver.CurrentStream(device), mark);
    }

    public void Copy(Tensor to, Tensor from)
    {
        CudaDriver.Enter(device);
        var copy = StridedCopy.From(to.shape, to.stride(), from.stride());
        long size = to.element_size();
        nint target = TensorMemory.Address(to), source = TensorMemory.Address(from);
        nint stream = Math.Max(0, from.device.index) == device ? own : foreign;
        foreach (var (toOffset, fromOffset) in copy.Starts())
        {
            CudaDriver.CopyRows(
                target + (nint)(toOffset * size), copy.ToPitch * size, source + (nint)(fromOffset * size), copy.FromPitch * size,
                copy.Width * size, copy.Rows, stream);
        }
    }

    public void Dispose()
    {
        CudaDriver.SynchronizeStream(own);
        CudaDriver.SynchronizeStream(foreign);
        foreach (nint one in events) CudaDriver.DestroyEvent(one);
        CudaDriver.DestroyStream(own);
        CudaDriver.DestroyStream(foreign);
    }

    private nint Mark(nint onStream)
    {
        CudaDriver.Enter(device);
        nint mark = events[next = (next + 1) % Events];
        CudaDriver.Record(mark, onStream);
        return mark;
    }
}
