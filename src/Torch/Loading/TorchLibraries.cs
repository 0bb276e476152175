using System.Runtime.InteropServices;
using TorchSharp;

namespace Locutor.Torch.Loading;

/// <summary>Loads libtorch, from the program or from a folder such as that of a PyTorch installation with CUDA.</summary>
public static unsafe class TorchLibraries
{
    private const int ErrorsAlone = 2;

    // In the order of their dependencies; not every build has those of CUDA.
    private static readonly string[] Names = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
    private static nint cpu;

    private static string Missing =>
        $"no libtorch beside this program loads, and {TorchOptions.FolderVariable} " +
        (TorchOptions.Current.Folder is { } folder ? $"names {folder}" : "is not set");

    /// <summary>
    /// Sets the options of the program, loads the libraries of <see cref="TorchOptions.Folder"/>, limits libtorch's log to errors, and
    /// installs <see cref="ArgumentLifetime"/>. Call it before any other use of TorchSharp.
    /// </summary>
    /// <param name="options">Options of the program.</param>
    /// <exception cref="DllNotFoundException">The folder does not hold libtorch, or it does not load.</exception>
    public static void Load(TorchOptions options)
    {
        TorchOptions.Choose(options);
        ArgumentLifetime.Install();
        if (options.Folder is not { } folder)
        {
            if (NativeLibrary.TryLoad("libc10.so", typeof(Scalar).Assembly, null, out nint library)) SetLogLevel(library, options);
            return;
        }

        foreach (string name in Names)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path) && name.Contains("cuda", StringComparison.Ordinal)) continue;
            nint handle = Open(path);
            if (name == "libtorch_cpu.so") cpu = handle;
            if (name == "libc10.so") SetLogLevel(handle, options);
        }
    }

    private static nint Open(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            // the reason is the last line, after general advice
            string reason = failure.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw new DllNotFoundException($"{TorchOptions.FolderVariable}: {reason}", failure);
        }
    }

    /// <summary>
    /// Limits the log to errors: users cannot act on warnings such as "Could not initialize NNPACK". libtorch reads its own variable only
    /// in <c>c10::initLogging</c>, which is called here if the user has set the variable.
    /// </summary>
    private static void SetLogLevel(nint c10, TorchOptions options)
    {
        if (options.OwnLogLevel)
        {
            if (NativeLibrary.TryGetExport(c10, "_ZN3c1011initLoggingEv", out nint read)) ((delegate* unmanaged[Cdecl]<void>)read)();
        }
        else if (NativeLibrary.TryGetExport(c10, "FLAGS_caffe2_log_level", out nint level))
        {
            *(int*)level = ErrorsAlone;
        }
    }

    /// <summary>
    /// Fails if libtorch does not load. TorchSharp fails too, but also prints every place where it searched on standard output. Only for
    /// programs of this repository: in others, TorchSharp may find libtorch in the cache of NuGet.
    /// </summary>
    /// <exception cref="DllNotFoundException">libtorch does not load.</exception>
    public static void Require()
    {
        if (!OperatingSystem.IsLinux() || NativeLibrary.TryLoad("libtorch_cpu.so", typeof(Scalar).Assembly, null, out _)) return;
        throw new DllNotFoundException(Missing);
    }

    /// <summary>
    /// Returns in a few words why libtorch did not load; null if the failure has another cause. TorchSharp itself tells every place where
    /// it searched.
    /// </summary>
    public static string? MissingReason(Exception failure) => failure switch
    {
        DllNotFoundException => failure.Message,
        NotSupportedException when failure.Message.Contains("LoadNativeBackend", StringComparison.Ordinal) => Missing,
        TypeInitializationException { InnerException: { } inner } => MissingReason(inner),
        _ => null,
    };

    /// <summary>Returns the version of the loaded libtorch, for example <c>2.10.0</c>; null if it has no such function.</summary>
    public static string? Version()
    {
        if (!NativeLibrary.TryLoad("libtorch_cpu.so", out nint library)
            || !NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint get))
        {
            return null;
        }

        ulong version = ((delegate* unmanaged[Cdecl]<ulong>)get)(); // one byte each for major, minor and patch, the highest first
        return $"{version >> 56}.{version >> 48 & 0xFF}.{version >> 40 & 0xFF}";
    }

    /// <summary>
    /// Sets whether cuDNN measures its algorithms for every new shape and keeps the fastest. Returns false if libtorch has no such switch.
    /// </summary>
    public static bool TrySetCudnnBenchmark(bool on)
    {
        if (cpu == 0 && !NativeLibrary.TryLoad("libtorch_cpu.so", out cpu)) return false;
        if (!NativeLibrary.TryGetExport(cpu, "_ZN2at13globalContextEv", out nint context)
            || !NativeLibrary.TryGetExport(cpu, "_ZN2at7Context17setBenchmarkCuDNNEb", out nint set))
        {
            return false;
        }

        ((delegate* unmanaged[Cdecl]<nint, byte, void>)set)(((delegate* unmanaged[Cdecl]<nint>)context)(), (byte)(on ? 1 : 0));
        return true;
    }
}
