namespace Locutor.Torch.Cuda;

/// <summary>A kernel does not compile or start, or the CUDA driver refuses a call.</summary>
public sealed class KernelException : Exception
{
    public KernelException() { }

    public KernelException(string message) : base(message) { }

    public KernelException(string message, Exception inner) : base(message, inner) { }
}
