using System.Globalization;
using Locutor.Media;
using Locutor.Media.Processes;

namespace Locutor.Generation.Diagnosis;

/// <summary>Checks the CPU, the memory and ffmpeg.</summary>
public static class MachineChecks
{
    private const string CacheFolder = "/sys/devices/system/cpu/cpu0/cache", MemoryFile = "/proc/meminfo";

    /// <summary>Memory limits in bytes for a failure and a warning; the bundled model needs about 1.5 GiB.</summary>
    private const long LeastMemory = 1L << 30, GoodMemory = 3L << 30;

    /// <summary>CPU features that determine the speed of the networks.</summary>
    private static readonly string[] Flags = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16"];

    public static Check Processor { get; } = new("processor", LookAtProcessor);

    public static Check Memory { get; } = new("memory", LookAtMemory);

    /// <summary>Timeout of a minute: the check runs ffmpeg five times, which a busy machine does one after the other.</summary>
    public static Check Ffmpeg { get; } = new("ffmpeg", LookAtFfmpegAsync) { Patience = TimeSpan.FromMinutes(1) };

    private static List<Finding> LookAtProcessor()
    {
        string model = Kernels.Arithmetic.CpuInfo.Model, found = Kernels.Arithmetic.CpuInfo.Flags;
        string[] flags = [.. Flags.Intersect(found.Split(' '))];
        string caches = string.Join(", ", Caches());
        string text =
            $"{(model.Length > 0 ? model : "unknown model")}; {Environment.ProcessorCount} cores; " +
            $"{(flags.Length > 0 ? string.Join(' ', flags) : "features unknown")}; caches {(caches.Length > 0 ? caches : "unknown")}";
        if (found.Length > 0 && !flags.Any(flag => flag is "avx2" or "asimd"))
        {
            return [
                Finding.Warning(
                    "processor", text,
                    "without AVX2 networks run several times slower; in a virtual machine, pass the host's CPU features on (libvirt: cpu " +
                    "mode host-passthrough)")
            ];
        }

        if (OperatingSystem.IsLinux() && caches.Length == 0)
        {
            return [
                Finding.Warning(
                    "processor", text,
                    "a virtual machine that hides cache sizes is slower, and libtorch computed wrongly on such machines; pass the host's " +
                    "CPU on (libvirt: cpu mode host-passthrough)")
            ];
        }

        return [Finding.Ok("processor", text)];
    }

    /// <summary>Returns level, kind and size of every cache of the first core, such as <c>L2 1024K</c>.</summary>
    private static IEnumerable<string> Caches()
    {
        if (!Directory.Exists(CacheFolder)) yield break;
        foreach (string folder in Directory.EnumerateDirectories(CacheFolder, "index*").Order())
        {
            string kind = Read(folder, "type") switch { "Data" => "d", "Instruction" => "i", _ => "" };
            if (Read(folder, "size") is { Length: > 0 } size) yield return $"L{Read(folder, "level")}{kind} {size}";
        }
    }

    private static string Read(string folder, string name) =>
        Path.Combine(folder, name) is var path && File.Exists(path) ? File.ReadAllText(path).Trim() : "";

    private static List<Finding> LookAtMemory()
    {
        long total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes; // this value respects the limit of a container
        long available = Math.Min(total, Available() ?? total);
        string text = $"{Gibibytes(total)} in all, {Gibibytes(available)} available";
        return available switch
        {
            < LeastMemory =>
                [Finding.Failure("memory", text, "the bundled model needs about 1.5 GiB; end other programs or give the container more")],
            < GoodMemory =>
                [Finding.Warning("memory", text, "enough for the bundled model only; end other programs or give the container more")],
            _ => [Finding.Ok("memory", text)],
        };
    }

    private static long? Available()
    {
        if (!File.Exists(MemoryFile)) return null;
        string? line = File.ReadLines(MemoryFile).FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kilobytes, ..]
            && long.TryParse(kilobytes, CultureInfo.InvariantCulture, out long found)
            ? found << 10
            : null;
    }

    private static async Task<IReadOnlyList<Finding>> LookAtFfmpegAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await FfmpegInventory.TakeAsync(cancellationToken).ConfigureAwait(false);
            string text = $"{found.Version} at {found.Path}, H.264 by {found.VideoEncoder ?? "no encoder"}";
            const string Remedy = "install a full build, such as Debian's or Ubuntu's package ffmpeg, and put it first in PATH";
            if (found.Missing.Count > 0)
                return [Finding.Failure("ffmpeg", $"{text}; it lacks {string.Join(", ", found.Missing)}", Remedy)];
            return found.MissingForSome.Count > 0
                ? [Finding.Warning("ffmpeg", $"{text}; it lacks {string.Join(", ", found.MissingForSome)}", Remedy)]
                : [Finding.Ok("ffmpeg", text)];
        }
        catch (MediaException missing)
        {
            return [
                Finding.Failure("ffmpeg", missing.Message, "put ffmpeg and ffprobe of one version in PATH; other folders are not searched")
            ];
        }
    }

    internal static string Gibibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");
}
