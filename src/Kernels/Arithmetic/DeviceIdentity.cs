using System.Security.Cryptography;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Arithmetic;

/// <summary>Describes everything that affects the results of a device: model, features, library build, switches of the libraries.</summary>
public static class DeviceIdentity
{
    private const int HeadBytes = 1 << 16;

    /// <summary>Environment variables with which oneDNN or libtorch choose other routines.</summary>
    private static readonly string[] Switches =
        ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS"];
    private static readonly Lazy<string> Build = new(FindBuild);

    /// <summary>Length and hash of the beginning (with the build id) of the loaded libtorch; its path if it cannot be read.</summary>
    public static string LibtorchBuild => Build.Value;

    /// <summary>Returns the identity of a device in this process.</summary>
    public static string Compute(Device device)
    {
        string model = device.type == TorchSharp.DeviceType.CUDA
            ? Gpu(device)
            : $"{CpuInfo.Model}\n{CpuInfo.Flags}\ncaches {CpuInfo.Caches}";
        string switches = string.Join(' ', Switches.Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}"));
        return $"{model}\n{LibtorchBuild}\n{switches}\nfault {InjectedFault.Convolutions}";
    }

    private static string Gpu(Device device)
    {
        string name = CudaDriver.DeviceName(Math.Max(0, device.index));
        return $"{name}, used as {GpuCapability.Read(device)}, driver of CUDA {CudaDriver.Version()}, {Nvrtc.CurrentVersion}";
    }

    private static string FindBuild()
    {
        string? path = LoadedFrom("libtorch_cpu.so");
        if (path is null) return "unknown libtorch";
        try
        {
            using var file = File.OpenRead(path);
            byte[] head = new byte[HeadBytes];
            int read = file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false);
            return $"libtorch {file.Length} {Convert.ToHexStringLower(SHA256.HashData(head.AsSpan(0, read)))}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }

    /// <summary>Returns the path of a library of this process; null if it is not loaded.</summary>
    private static string? LoadedFrom(string name)
    {
        const string Maps = "/proc/self/maps";
        InitializeDeviceType(TorchSharp.DeviceType.CPU); // loads libtorch
        if (!File.Exists(Maps)) return null;
        string? line = File.ReadLines(Maps).FirstOrDefault(line => line.EndsWith("/" + name, StringComparison.Ordinal));
        return line?[line.IndexOf('/', StringComparison.Ordinal)..];
    }
}
