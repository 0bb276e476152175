using System.Runtime.InteropServices;
using TorchSharp;

namespace Locutor.Torch.Loading;

/// <summary>Takes libtorch from a folder of choice, such as that of a PyTorch installation with CUDA.</summary>
public static unsafe class TorchLibraries
{
    /// <summary>Environment variable that names the folder.</summary>
    public const string FolderVariable = "LOCUTOR_TORCH";

    /// <summary>libtorch's own variable: INFO, WARNING, ERROR or FATAL. Without it, only errors are printed.</summary>
    public const string LogVariable = "TORCH_CPP_LOG_LEVEL";

    private const int ErrorsAlone = 2;

    // In the order in which they need each other; those of CUDA are not in every build.
    private static readonly string[] Names = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
    private static nint cpu;

    /// <summary>
    /// Loads the libraries when the variable is set, keeps libtorch's warnings away from the program's lines, and has numbers outlive the
    /// calls that read them (<see cref="ScalarLifetime"/>); call before anything of TorchSharp is touched.
    /// </summary>
    /// <exception cref="DllNotFoundException">The folder does not hold libtorch, or it does not load.</exception>
    public static void Load()
    {
        ScalarLifetime.Install();
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { Length: > 0 } folder)
        {
            if (NativeLibrary.TryLoad("libc10.so", typeof(Scalar).Assembly, null, out nint beside)) SetLogLevel(beside);
            return;
        }

        foreach (string name in Names)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path) && name.Contains("cuda", StringComparison.Ordinal)) continue;
            nint handle = Open(path);
            if (name == "libtorch_cpu.so") cpu = handle;
            if (name == "libc10.so") SetLogLevel(handle);
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
            string reason = failure.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1]; // general advice comes before it
            throw new DllNotFoundException($"{FolderVariable}: {reason}", failure);
        }
    }

    /// <summary>
    /// Warnings such as "Could not initialize NNPACK" tell nothing that a user can act on. libtorch reads its variable only when it is asked to.
    /// </summary>
    private static void SetLogLevel(nint c10)
    {
        if (Environment.GetEnvironmentVariable(LogVariable) is not null)
        {
            if (NativeLibrary.TryGetExport(c10, "_ZN3c1011initLoggingEv", out nint read)) ((delegate* unmanaged[Cdecl]<void>)read)();
        }
        else if (NativeLibrary.TryGetExport(c10, "FLAGS_caffe2_log_level", out nint level)) *(int*)level = ErrorsAlone;
    }

    /// <summary>Version of the loaded libtorch, such as <c>2.10.0</c>; null where it does not tell.</summary>
    public static string? Version()
    {
        if (!NativeLibrary.TryLoad("libtorch_cpu.so", out nint library) || !NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint get)) return null;
        ulong version = ((delegate* unmanaged[Cdecl]<ulong>)get)(); // one byte each for major, minor and patch, the highest first
        return $"{version >> 56}.{version >> 48 & 0xFF}.{version >> 40 & 0xFF}";
    }

    /// <summary>Whether cuDNN times its algorithms for every new shape and keeps the fastest. False when libtorch does not offer the switch.</summary>
    public static bool TrySetCudnnBenchmark(bool on)
    {
        if (cpu == 0 && !NativeLibrary.TryLoad("libtorch_cpu.so", out cpu)) return false;
        if (!NativeLibrary.TryGetExport(cpu, "_ZN2at13globalContextEv", out nint context) || !NativeLibrary.TryGetExport(cpu, "_ZN2at7Context17setBenchmarkCuDNNEb", out nint set)) return false;
        ((delegate* unmanaged[Cdecl]<nint, byte, void>)set)(((delegate* unmanaged[Cdecl]<nint>)context)(), (byte)(on ? 1 : 0));
        return true;
    }
}
