using System.Runtime.InteropServices;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using Locutor.Torch.Loading;
using static TorchSharp.torch;

namespace Locutor.Generation.Diagnosis;

/// <summary>
/// Checks libtorch and GPUs. A faulty native library can end the process that loads it, so these checks need a process of their own.
/// </summary>
public static class TorchChecks
{
    private const string DriverFolder = "/proc/driver/nvidia";

    /// <summary>Timeout of one minute: libtorch with CUDA has several gigabytes, which a slow disk has to read first.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    public static Check Libtorch { get; } = new("libtorch", LookAtLibtorch) { Patience = Long };

    public static Check Gpu { get; } = new("gpu", LookAtGpus) { Patience = Long };

    public static Check Nvrtc { get; } = new("nvrtc", LookAtNvrtc);

    private static string? Folder => TorchOptions.Current.Folder;

    private static List<Finding> LookAtLibtorch()
    {
        string advice = Folder is null
            ? "build with a libtorch ('dotnet build -p:LocutorTorch=cpu'), or let LOCUTOR_TORCH name a folder of libtorch 2.10, such as " +
                "torch/lib of an installed PyTorch"
            : $"LOCUTOR_TORCH names {Folder}: expected the folder of libtorch.so, libtorch_cpu.so and libc10.so of version 2.10; unset " +
                "it to use the libtorch of this program";
        try
        {
            TorchLibraries.Load(TorchOptions.Current);
            using var sum = ones(2, 2).matmul(ones(2, 2)).sum();
            if (sum.item<float>() != 8)
                return [Finding.Failure("libtorch", $"{Described()}: a product of ones is {sum.item<float>()}, expected 8", advice)];
            return [Finding.Ok("libtorch", $"{Described()}, {get_num_threads()} threads")];
        }
        catch (Exception failure)
            when (failure is DllNotFoundException or BadImageFormatException or TypeInitializationException or EntryPointNotFoundException
                or NotSupportedException or ExternalException)
        {
            return [Finding.Failure("libtorch", $"does not load: {Reason(failure)}", advice)];
        }
    }

    private static string Reason(Exception failure) =>
        (TorchLibraries.MissingReason(failure) ?? failure.GetBaseException().Message).ReplaceLineEndings(" ");

    private static string Described() =>
        $"{TorchLibraries.Version() ?? "unknown version"} in " +
        $"{LoadedFolder() ?? Folder ?? "an unknown folder"}{(cuda.is_available() ? " with CUDA" : ", for the CPU only")}";

    /// <summary>Returns the folder of the libtorch that this process has loaded.</summary>
    private static string? LoadedFolder()
    {
        const string Maps = "/proc/self/maps";
        if (!File.Exists(Maps)) return null;
        string? line = File.ReadLines(Maps).FirstOrDefault(line => line.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal));
        return line is null ? null : Path.GetDirectoryName(line[line.IndexOf('/', StringComparison.Ordinal)..]);
    }

    private static List<Finding> LookAtGpus()
    {
        if (!CudaDriver.IsPresent)
        {
            return [Directory.Exists(DriverFolder)
                ? Finding.Warning(
                    "gpu", "the kernel has an NVIDIA driver, but libcuda.so.1 does not load or start",
                    "install the driver's libraries of the same version; in a container, start it with --gpus all")
                : Finding.Ok(
                    "gpu", "none; networks run on the CPU (the bundled model is made for that, the published ones are far too slow)")];
        }

        int count = CudaDriver.Count();
        if (count == 0)
        {
            return [
                Finding.Warning(
                    "gpu",
                    "the driver is installed, but shows no GPU (CUDA_VISIBLE_DEVICES is " +
                    $"'{Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES")}')",
                    "unset CUDA_VISIBLE_DEVICES, or check whether 'nvidia-smi' lists a GPU")
            ];
        }

        bool used = TorchHasCuda();
        return [.. Enumerable.Range(0, count).Select(number => LookAtGpu(number, used)), Driver()];
    }

    /// <summary>Returns whether libtorch uses GPUs. It does not if it does not load, which its own check reports.</summary>
    private static bool TorchHasCuda()
    {
        try
        {
            return cuda.is_available();
        }
        catch (Exception failure) when (failure is TypeInitializationException or DllNotFoundException)
        {
            return false;
        }
    }

    private static Finding LookAtGpu(int number, bool used)
    {
        var (free, total) = CudaDriver.Memory(number);
        var own = CudaDriver.Capability(number);
        string text = $"cuda:{number} {CudaDriver.DeviceName(number)}, capability {own}",
            memory = $"{MachineChecks.Gibibytes(free)} of {MachineChecks.Gibibytes(total)} free";
        try
        {
            var chosen = GpuCapability.Read(new Device(TorchSharp.DeviceType.CUDA, number));
            text += chosen == own ? $", {memory}" : $", used as {chosen} ({GpuCapability.Variable}), {memory}";
        }
        catch (GpuCapabilityException refused)
        {
            return Finding.Failure("gpu", $"{text}, {memory}; {refused.Message}", $"correct or unset {GpuCapability.Variable}");
        }

        if (!used)
        {
            return Finding.Warning(
                "gpu", $"{text}; not used: libtorch does not load, has no CUDA, or has one that the driver does not run",
                "let LOCUTOR_TORCH name the folder of a libtorch 2.10 with CUDA, such as torch/lib of an installed PyTorch");
        }

        return free < total / 2
            ? Finding.Warning(
                "gpu", text,
                "another program holds more than half of its memory ('nvidia-smi' lists it); end it, or give --vram-budget less than " +
                "is free")
            : Finding.Ok("gpu", text);
    }

    private static Finding Driver()
    {
        string version = Path.Combine(DriverFolder, "version");
        string? line = File.Exists(version) ? File.ReadLines(version).FirstOrDefault() : null;
        string? number = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => word.Length > 0 && char.IsAsciiDigit(word[0]) && word.Contains('.', StringComparison.Ordinal));
        return Finding.Ok("driver", $"{number ?? "unknown version"}, runs CUDA up to {CudaDriver.Version()}");
    }

    private static List<Finding> LookAtNvrtc()
    {
        bool needed = CudaDriver.IsPresent && TorchHasCuda();
        if (Torch.Cuda.Nvrtc.Find(TorchOptions.Current) is { } compiler) return [Finding.Ok("nvrtc", $"version {compiler.Version}")];
        return [needed
            ? Finding.Warning(
                "nvrtc", "not found: this program's own kernels are not used, so a GPU is slower than it could be",
                "install libnvrtc of CUDA 12 or 13 (it comes with PyTorch), or let LOCUTOR_NVRTC name the file libnvrtc.so")
            : Finding.Ok("nvrtc", "not installed; it is only used with a GPU")];
    }
}
