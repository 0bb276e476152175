using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Locutor.Torch.Cuda;

/// <content>Tensor maps, from which kernels of compute capability 9.0 copy boxes of a tensor into shared memory.</content>
public static unsafe partial class CudaDriver
{
    /// <summary>Bytes of a tensor map.</summary>
    public const int TensorMapBytes = 128;

    /// <summary>Alignment of a tensor map in bytes.</summary>
    public const int TensorMapAlignment = 64;

    private const int Float16 = 6, BFloat16 = 9, SwizzleOf64Bytes = 2, PromotionTo128Bytes = 2, Multiprocessors = 16, MostAxes = 5;

    /// <summary>Returns the number of multiprocessors of a GPU.</summary>
    public static int MultiprocessorCount(int device)
    {
        int handle, count;
        Check(cuDeviceGet(&handle, device), nameof(cuDeviceGet));
        Check(cuDeviceGetAttribute(&count, Multiprocessors, handle), nameof(cuDeviceGetAttribute));
        return count;
    }

    /// <summary>
    /// Describes a tensor of 16-bit values, of which boxes are copied with rows of 64 bytes whose pieces of 16 bytes are exchanged. Values
    /// outside of the tensor are copied as 0.
    /// </summary>
    /// <param name="map">Memory for the map, aligned to <see cref="TensorMapAlignment"/>.</param>
    /// <param name="tensor">The tensor; 16-byte aligned.</param>
    /// <param name="lengths">Lengths of the axes, the innermost first, whose values lie side by side.</param>
    /// <param name="strides">Values between neighbours along the other axes; multiples of 8.</param>
    /// <param name="box">Lengths of a box; 32 along the innermost axis, at most 256 along the others.</param>
    public static void MapTensor(
        nint map, Tensor tensor, ReadOnlySpan<long> lengths, ReadOnlySpan<long> strides, ReadOnlySpan<int> box)
    {
        ulong* sizes = stackalloc ulong[MostAxes], bytes = stackalloc ulong[MostAxes];
        uint* boxes = stackalloc uint[MostAxes], steps = stackalloc uint[MostAxes];
        for (int axis = 0; axis < lengths.Length; axis++)
        {
            sizes[axis] = (ulong)lengths[axis];
            boxes[axis] = (uint)box[axis];
            steps[axis] = 1;
            if (axis > 0) bytes[axis - 1] = (ulong)strides[axis - 1] * sizeof(ushort);
        }

        int type = tensor.dtype == ScalarType.Float16 ? Float16 : BFloat16;
        try
        {
            Check(
                cuTensorMapEncodeTiled(
                    map, type, (uint)lengths.Length, TensorMemory.Address(tensor), sizes, bytes, boxes, steps, 0, SwizzleOf64Bytes,
                    PromotionTo128Bytes, 0),
                nameof(cuTensorMapEncodeTiled));
        }
        catch (EntryPointNotFoundException)
        {
            throw new KernelException("this CUDA driver is older than 12.0 and has no tensor maps");
        }
    }

    [LibraryImport(Library)]
    private static partial int cuTensorMapEncodeTiled(
        nint map, int type, uint axes, nint address, ulong* lengths, ulong* strides, uint* box, uint* steps, int interleave, int swizzle,
        int promotion, int fill);
}
