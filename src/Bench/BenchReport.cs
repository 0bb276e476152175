using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Bench;

/// <summary>One figure.</summary>
/// <param name="Part">Which measurement it belongs to: pass, vae, ...</param>
/// <param name="What">In words.</param>
/// <param name="Seconds">Median of the timed runs; null for a check alone.</param>
public sealed record BenchRow(string Part, string What, double? Seconds)
{
    /// <summary>Seconds below which the device cannot do it, from the ceilings measured in the same run.</summary>
    public double? Floor { get; init; }

    /// <summary>Relative L2 distance from the plain float32 path, where it was compared.</summary>
    public double? Error { get; init; }

    /// <summary>Largest error that is let pass.</summary>
    public double? ErrorAllowed { get; init; }

    /// <summary>Largest memory in use on the device while it ran, what libtorch keeps for reuse included, 2^30 bytes.</summary>
    public double? MemoryGiB { get; init; }

    public string? Note { get; init; }
}

/// <summary>All figures of one run.</summary>
public sealed record BenchReport(string Device, string Model, string Size, int Frames, DateTimeOffset Started)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public string Compiler { get; init; } = "";

    public List<Ceiling> Ceilings { get; } = [];

    public List<BenchRow> Rows { get; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static string Header => $"{"",-9} {"",-58} {"median",10} {"floor",10} {"times",6} {"error",9} {"GiB",6}";

    public static string Line(BenchRow row)
    {
        var line = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{row.Part,-9} {row.What,-58} {Time(row.Seconds),10} {Time(row.Floor),10} "));
        line.Append(CultureInfo.InvariantCulture, $"{(row is { Seconds: { } s, Floor: > 0 and { } f } ? (s / f).ToString("0.00", CultureInfo.InvariantCulture) : ""),6} ");
        line.Append(CultureInfo.InvariantCulture, $"{row.Error?.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? "",9} {row.MemoryGiB?.ToString("0.0", CultureInfo.InvariantCulture) ?? "",6}");
        return (row.Note is null ? line : line.Append("  ").Append(row.Note)).ToString().TrimEnd();
    }

    private static string Time(double? seconds) => seconds switch
    {
        null => "",
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.0} us"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.00} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
    };
}
