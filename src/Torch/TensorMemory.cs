using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Locutor.Torch;

/// <summary>Access to the memory of tensors, which TorchSharp offers only for some types.</summary>
public static unsafe partial class TensorMemory
{
    /// <summary>Returns the address of the first element, on the device of the tensor.</summary>
    public static nint Address(Tensor tensor) => THSTensor_data(tensor.Handle);

    /// <summary>Returns the bytes of a contiguous tensor on the CPU. The span is valid as long as the tensor lives.</summary>
    public static ReadOnlySpan<byte> Bytes(Tensor tensor) =>
        new((void*)Address(tensor), checked((int)(tensor.numel() * tensor.element_size())));

    /// <summary>Creates a CPU tensor over memory that the caller owns, without a copy. The memory must outlive the tensor.</summary>
    /// <param name="address">Address of the first element.</param>
    /// <param name="shape">Length of each axis; the elements are contiguous.</param>
    /// <param name="type">Type of an element; float8 types work too.</param>
    /// <exception cref="InvalidOperationException">libtorch refuses the memory.</exception>
    public static Tensor Wrap(nint address, long[] shape, ScalarType type)
    {
        fixed (long* lengths = shape)
        {
            nint handle = THSTensor_new(address, &Keep, (nint)lengths, shape.Length, (sbyte)type, (sbyte)type, 0, -1, 0);
            return handle != 0
                ? Tensor.UnsafeCreateTensor(handle)
                : throw new InvalidOperationException($"libtorch refuses memory for a tensor of shape [{string.Join(", ", shape)}]");
        }
    }

    /// <summary>libtorch calls this to free the memory; it belongs to the caller of <see cref="Wrap"/>.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Keep(nint memory) { }

    [LibraryImport("LibTorchSharp")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nint THSTensor_data(nint tensor);

    [LibraryImport("LibTorchSharp")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nint THSTensor_new(
        nint data, delegate* unmanaged[Cdecl]<nint, void> deleter, nint shape, int axes, sbyte storedType, sbyte type, int deviceType,
        int deviceIndex, byte requiresGrad);
}
