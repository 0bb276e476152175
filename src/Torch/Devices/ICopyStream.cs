using static TorchSharp.torch;

namespace Locutor.Torch.Devices;

/// <summary>
/// Copies parts of other devices' tensors to one device while that device computes. A mark is a point in a queue of work; 0 means that all
/// work before it is done.
/// </summary>
internal interface ICopyStream : IDisposable
{
    /// <summary>Marks the work that the calling thread has submitted to the device.</summary>
    nint MarkWork();

    /// <summary>Marks the copies that were submitted.</summary>
    nint MarkCopies();

    /// <summary>Makes later copies wait for a mark of this device.</summary>
    void CopiesWaitFor(nint mark);

    /// <summary>Makes later copies from other devices wait for a mark of one of them.</summary>
    void ForeignCopiesWaitFor(nint mark);

    /// <summary>Makes later work of the calling thread on the device wait for a mark of any device.</summary>
    void WorkWaitsFor(nint mark);

    /// <summary>Submits a copy.</summary>
    /// <param name="to">Part of a tensor on this device.</param>
    /// <param name="from">Part of a tensor on any device, of the same shape and type.</param>
    void Copy(Tensor to, Tensor from);
}

/// <summary>Copies between tensors of the CPU, where all work is done when its call returns.</summary>
internal sealed class HostCopyStream : ICopyStream
{
    public nint MarkWork() => 0;

    public nint MarkCopies() => 0;

    public void CopiesWaitFor(nint mark) { }

    public void ForeignCopiesWaitFor(nint mark) { }

    public void WorkWaitsFor(nint mark) { }

    public void Copy(Tensor to, Tensor from) => to.copy_(from);

    public void Dispose() { }
}
