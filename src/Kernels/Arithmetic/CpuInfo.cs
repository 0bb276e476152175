namespace Locutor.Kernels.Arithmetic;

/// <summary>Properties of the CPU, as the operating system reports them.</summary>
public static class CpuInfo
{
    private const string Source = "/proc/cpuinfo", CacheFolder = "/sys/devices/system/cpu/cpu0/cache";
    private static readonly Lazy<Dictionary<string, string>> Fields = new(Read);

    /// <summary>Vendor, family, model, stepping and name.</summary>
    public static string Model { get; } =
        string.Join(' ', new[] { "vendor_id", "cpu family", "model", "stepping", "model name" }.Select(Field)).Trim();

    /// <summary>Instruction sets and other features.</summary>
    public static string Flags { get; } = Field("flags") is { Length: > 0 } flags ? flags : Field("Features");

    /// <summary>Whether this processor computes faster in bfloat16 than in float32.</summary>
    public static bool IsFasterInBFloat16 { get; } = ComputesFasterInBFloat16(Field("vendor_id"), Flags);

    /// <summary>
    /// Level, kind and size of each cache of the first core. It is empty in some virtual machines, where libraries then choose other
    /// routines.
    /// </summary>
    public static string Caches { get; } = string.Join(' ', FindCaches());

    /// <summary>
    /// Whether such a processor computes faster in bfloat16 than in float32. AMX does. An instruction of avx512_bf16 multiplies twice as
    /// many numbers as one of float32; AMD's processors (Zen 4 and 5) execute as many of them per cycle, Intel's half as many
    /// (VDPBF16PS and VFMADD231PS at https://uops.info), and with the conversions between the types convolutions take twice as long there.
    /// Virtual machines often hide AMX. Without hardware support bfloat16 is emulated, which is many times slower.
    /// </summary>
    /// <param name="vendor">The field <c>vendor_id</c> of /proc/cpuinfo.</param>
    /// <param name="flags">The field <c>flags</c>: names separated by spaces.</param>
    public static bool ComputesFasterInBFloat16(string vendor, string flags) =>
        flags.Split(' ').Any(flag => flag is "amx_bf16" || (flag is "avx512_bf16" && vendor == "AuthenticAMD"));

    private static IEnumerable<string> FindCaches() => Directory.Exists(CacheFolder)
        ? Directory.EnumerateDirectories(CacheFolder, "index*").Order(StringComparer.Ordinal)
            .Select(cache => $"L{Line(cache, "level")} {Line(cache, "type")} {Line(cache, "size")}")
        : [];

    private static string Line(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
    }

    private static string Field(string name) => Fields.Value.GetValueOrDefault(name, "");

    private static Dictionary<string, string> Read()
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!File.Exists(Source)) return fields;
        foreach (string line in File.ReadLines(Source).TakeWhile(line => line.Length > 0)) // up to the second core
            if (line.Split(':', 2, StringSplitOptions.TrimEntries) is [var name, var value]) fields.TryAdd(name, value);
        return fields;
    }
}
