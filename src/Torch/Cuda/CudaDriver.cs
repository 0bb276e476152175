using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Locutor.Torch.Cuda;

/// <summary>
/// Functions of the CUDA driver that TorchSharp does not bind: modules, launches, streams, events, pinned memory, free memory. Use them
/// only if <see cref="IsPresent"/> is true.
/// </summary>
public static unsafe partial class CudaDriver
{
    private const string Library = "libcuda.so.1";
    private const int ComputeMajor = 75, ComputeMinor = 76, NonBlocking = 1, WithoutTiming = 2, MaxDynamicSharedBytes = 8,
        UnifiedMemory = 4;
    private static readonly Lazy<bool> Present = new(() => NativeLibrary.TryLoad(Library, out _) && cuInit(0) == 0);
    private static readonly Lazy<nint> StreamOfTorch = new(FindStreamOfTorch);
    private static readonly ConcurrentDictionary<int, nint> Contexts = new();

    /// <summary>Whether the machine has the driver.</summary>
    public static bool IsPresent => Present.Value;

    /// <summary>Returns the number of GPUs that this process may use; CUDA_VISIBLE_DEVICES hides others.</summary>
    public static int Count()
    {
        int count;
        Check(cuDeviceGetCount(&count), nameof(cuDeviceGetCount));
        return count;
    }

    /// <summary>Returns the newest CUDA version that this driver supports, for example <c>12.8</c>.</summary>
    public static string Version()
    {
        int version;
        Check(cuDriverGetVersion(&version), nameof(cuDriverGetVersion));
        return $"{version / 1000}.{version % 1000 / 10}";
    }

    /// <summary>Makes the CUDA context that libtorch uses for a GPU current on this thread.</summary>
    public static void Enter(int device)
    {
        nint current, wanted = Contexts.GetOrAdd(device, PrimaryContext);
        Check(cuCtxGetCurrent(&current), nameof(cuCtxGetCurrent));
        if (current != wanted) Check(cuCtxSetCurrent(wanted), nameof(cuCtxSetCurrent));
    }

    /// <summary>Returns whether a GPU can read the memory of another one.</summary>
    public static bool CanAccessPeer(int device, int other)
    {
        int possible, handle, otherHandle;
        Check(cuDeviceGet(&handle, device), nameof(cuDeviceGet));
        Check(cuDeviceGet(&otherHandle, other), nameof(cuDeviceGet));
        Check(cuDeviceCanAccessPeer(&possible, handle, otherHandle), nameof(cuDeviceCanAccessPeer));
        return possible != 0;
    }

    /// <summary>Returns the compute capability of the GPU itself, even if the user chose a lower one.</summary>
    public static GpuCapability Capability(int device)
    {
        int handle, major, minor;
        Check(cuDeviceGet(&handle, device), nameof(cuDeviceGet));
        Check(cuDeviceGetAttribute(&major, ComputeMajor, handle), nameof(cuDeviceGetAttribute));
        Check(cuDeviceGetAttribute(&minor, ComputeMinor, handle), nameof(cuDeviceGetAttribute));
        return new GpuCapability(major, minor);
    }

    /// <summary>Returns the name of a GPU.</summary>
    public static string DeviceName(int device)
    {
        byte* name = stackalloc byte[256];
        int handle;
        Check(cuDeviceGet(&handle, device), nameof(cuDeviceGet));
        Check(cuDeviceGetName(name, 256, handle), nameof(cuDeviceGetName));
        return Marshal.PtrToStringUTF8((nint)name) ?? "";
    }

    /// <summary>Returns free and total bytes of a GPU. Memory that libtorch caches is not free.</summary>
    public static (long Free, long Total) Memory(int device)
    {
        Enter(device);
        nuint free, total;
        Check(cuMemGetInfo_v2(&free, &total), nameof(cuMemGetInfo_v2));
        return ((long)free, (long)total);
    }

    /// <summary>Returns the stream to which libtorch submits the work of this thread.</summary>
    public static nint CurrentStream(int device)
    {
        nint stream = 0;
        if (StreamOfTorch.Value != 0)
        {
            Check(
                ((delegate* unmanaged[Cdecl]<int, nint*, int>)StreamOfTorch.Value)(device, &stream), "aoti_torch_get_current_cuda_stream");
        }

        return stream;
    }

    /// <summary>Loads a module.</summary>
    /// <param name="cubin">Machine code, or PTX, which the driver compiles.</param>
    public static nint LoadModule(byte[] cubin)
    {
        nint module;
        fixed (byte* image = cubin) Check(cuModuleLoadData(&module, image), nameof(cuModuleLoadData));
        return module;
    }

    /// <summary>Returns a function of a module.</summary>
    public static nint Function(nint module, string name)
    {
        nint function;
        Check(cuModuleGetFunction(&function, module, name), $"{nameof(cuModuleGetFunction)} {name}");
        return function;
    }

    /// <summary>Allows a function more than 48 KB of shared memory for each block.</summary>
    public static void AllowSharedMemory(nint function, int bytes) =>
        Check(cuFuncSetAttribute(function, MaxDynamicSharedBytes, bytes), nameof(cuFuncSetAttribute));

    /// <summary>Submits a kernel to a stream.</summary>
    public static void Launch(nint function, uint blocks, uint threads, uint sharedBytes, nint stream, void** arguments) =>
        Check(cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, sharedBytes, stream, arguments, null), nameof(cuLaunchKernel));

    /// <summary>Creates a stream that does not wait for the default stream.</summary>
    public static nint NewStream()
    {
        nint stream;
        Check(cuStreamCreate(&stream, NonBlocking), nameof(cuStreamCreate));
        return stream;
    }

    /// <summary>Creates an event without timing.</summary>
    public static nint NewEvent()
    {
        nint made;
        Check(cuEventCreate(&made, WithoutTiming), nameof(cuEventCreate));
        return made;
    }

    /// <summary>Records an event on a stream.</summary>
    public static void Record(nint cudaEvent, nint stream) => Check(cuEventRecord(cudaEvent, stream), nameof(cuEventRecord));

    /// <summary>Makes later work of a stream wait for an event.</summary>
    public static void Wait(nint stream, nint cudaEvent) => Check(cuStreamWaitEvent(stream, cudaEvent, 0), nameof(cuStreamWaitEvent));

    /// <summary>Blocks the calling thread until an event has happened.</summary>
    public static void Synchronize(nint cudaEvent) => Check(cuEventSynchronize(cudaEvent), nameof(cuEventSynchronize));

    /// <summary>Blocks the calling thread until all work of a stream is done.</summary>
    public static void SynchronizeStream(nint stream) => Check(cuStreamSynchronize(stream), nameof(cuStreamSynchronize));

    public static void DestroyStream(nint stream) => Check(cuStreamDestroy_v2(stream), nameof(cuStreamDestroy_v2));

    public static void DestroyEvent(nint cudaEvent) => Check(cuEventDestroy_v2(cudaEvent), nameof(cuEventDestroy_v2));

    /// <summary>Allocates pinned host memory, which the GPU reads at full speed.</summary>
    public static nint AllocatePinned(long bytes)
    {
        nint memory;
        Check(cuMemHostAlloc(&memory, (nuint)bytes, 0), $"{nameof(cuMemHostAlloc)} of {bytes} bytes");
        return memory;
    }

    public static void FreePinned(nint memory) => Check(cuMemFreeHost(memory), nameof(cuMemFreeHost));

    public static void CopyToDevice(nint device, nint host, long bytes, nint stream) =>
        Check(cuMemcpyHtoDAsync_v2(device, host, (nuint)bytes, stream), nameof(cuMemcpyHtoDAsync_v2));

    /// <summary>Copies rows of bytes between memory of any GPUs that have access to each other.</summary>
    /// <param name="toPitch">Bytes from the start of a row to that of the next in the target.</param>
    /// <param name="fromPitch">Bytes from the start of a row to that of the next in the source.</param>
    /// <param name="width">Bytes of a row.</param>
    /// <param name="rows">Number of rows; with 0, nothing is copied.</param>
    public static void CopyRows(nint to, long toPitch, nint from, long fromPitch, long width, long rows, nint stream)
    {
        if (rows == 0 || width == 0) return;
        bool whole = rows == 1 || (toPitch == width && fromPitch == width);
        if (whole)
        {
            Check(cuMemcpyAsync(to, from, (nuint)(width * rows), stream), nameof(cuMemcpyAsync));
            return;
        }
        var copy = new RowCopy
        {
            FromKind = UnifiedMemory,
            From = from,
            FromPitch = (nuint)fromPitch,
            ToKind = UnifiedMemory,
            To = to,
            ToPitch = (nuint)toPitch,
            Width = (nuint)width,
            Rows = (nuint)rows,
        };
        Check(cuMemcpy2DAsync_v2(&copy, stream), nameof(cuMemcpy2DAsync_v2));
    }

    private static nint PrimaryContext(int device)
    {
        int handle;
        nint context;
        Check(cuDeviceGet(&handle, device), nameof(cuDeviceGet));
        Check(cuDevicePrimaryCtxRetain(&context, handle), nameof(cuDevicePrimaryCtxRetain));
        return context;
    }

    private static nint FindStreamOfTorch() =>
        NativeLibrary.TryLoad("libtorch_cuda.so", out nint torch)
            && NativeLibrary.TryGetExport(torch, "aoti_torch_get_current_cuda_stream", out nint get)
            ? get
            : 0;

    private static void Check(int code, string call)
    {
        if (code == 0) return;
        nint text;
        string description = cuGetErrorString(code, &text) == 0 ? Marshal.PtrToStringUTF8(text) ?? "" : "";
        throw new KernelException($"{call}: the CUDA driver returned error {code}, {description}");
    }

    [LibraryImport(Library)] private static partial int cuInit(uint flags);

    [LibraryImport(Library)] private static partial int cuDriverGetVersion(int* version);

    [LibraryImport(Library)] private static partial int cuDeviceGetCount(int* count);

    [LibraryImport(Library)] private static partial int cuGetErrorString(int code, nint* text);

    [LibraryImport(Library)] private static partial int cuDeviceGet(int* device, int ordinal);

    [LibraryImport(Library)] private static partial int cuDeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library)] private static partial int cuDeviceGetAttribute(int* value, int attribute, int device);

    [LibraryImport(Library)] private static partial int cuDevicePrimaryCtxRetain(nint* context, int device);

    [LibraryImport(Library)] private static partial int cuCtxGetCurrent(nint* context);

    [LibraryImport(Library)] private static partial int cuCtxSetCurrent(nint context);

    [LibraryImport(Library)] private static partial int cuMemGetInfo_v2(nuint* free, nuint* total);

    [LibraryImport(Library)] private static partial int cuModuleLoadData(nint* module, byte* image);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int cuModuleGetFunction(
        nint* function, nint module, string name);

    [LibraryImport(Library)] private static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library)]
    private static partial int cuLaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream,
        void** arguments, void** extra);

    [LibraryImport(Library)] private static partial int cuStreamCreate(nint* stream, uint flags);

    [LibraryImport(Library)] private static partial int cuStreamSynchronize(nint stream);

    [LibraryImport(Library)] private static partial int cuStreamDestroy_v2(nint stream);

    [LibraryImport(Library)] private static partial int cuEventCreate(nint* made, uint flags);

    [LibraryImport(Library)] private static partial int cuEventDestroy_v2(nint cudaEvent);

    [LibraryImport(Library)] private static partial int cuEventRecord(nint cudaEvent, nint stream);

    [LibraryImport(Library)] private static partial int cuEventSynchronize(nint cudaEvent);

    [LibraryImport(Library)] private static partial int cuStreamWaitEvent(nint stream, nint cudaEvent, uint flags);

    [LibraryImport(Library)] private static partial int cuMemHostAlloc(nint* memory, nuint bytes, uint flags);

    [LibraryImport(Library)] private static partial int cuMemFreeHost(nint memory);

    [LibraryImport(Library)] private static partial int cuMemcpyHtoDAsync_v2(nint device, nint host, nuint bytes, nint stream);

    [LibraryImport(Library)] private static partial int cuDeviceCanAccessPeer(int* possible, int device, int other);

    [LibraryImport(Library)] private static partial int cuMemcpyAsync(nint to, nint from, nuint bytes, nint stream);

    [LibraryImport(Library)] private static partial int cuMemcpy2DAsync_v2(RowCopy* copy, nint stream);

    /// <summary>CUDA_MEMCPY2D of the driver.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RowCopy
    {
        public nuint FromColumn, FromRow;
        public int FromKind;
        public nint FromHost, From, FromArray;
        public nuint FromPitch, ToColumn, ToRow;
        public int ToKind;
        public nint ToHost, To, ToArray;
        public nuint ToPitch, Width, Rows;
    }
}
