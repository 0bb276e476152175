using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Bench;

/// <summary>One measurement.</summary>
/// <param name="Part">The part to which it belongs, such as pass or vae.</param>
/// <param name="What">A description of the measured operation.</param>
/// <param name="Seconds">The median of the timed runs in seconds; null for a check without timing.</param>
public sealed record BenchRow(string Part, string What, double? Seconds)
{
    /// <summary>The lower bound in seconds, computed from the ceilings that were measured in this run.</summary>
    public double? Floor { get; init; }

    /// <summary>The relative L2 error against the plain float32 path; null when it was not compared.</summary>
    public double? Error { get; init; }

    /// <summary>The largest allowed error.</summary>
    public double? ErrorAllowed { get; init; }

    /// <summary>
    /// The largest device memory in use during the run in units of 2^30 bytes, including memory that libtorch keeps for reuse.
    /// </summary>
    public double? MemoryGiB { get; init; }

    public string? Note { get; init; }
}

/// <summary>All measurements of one run.</summary>
public sealed record BenchReport(string Device, string Model, string Size, int Frames, DateTimeOffset Started)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public string Compiler { get; init; } = "";

    public List<Ceiling> Ceilings { get; } = [];

    public List<BenchRow> Rows { get; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static string Header => $"{"",-9} {"",-58} {"median",10} {"floor",10} {"times",6} {"error",9} {"GiB",6}";

    public static string Line(BenchRow row)
    {
        var line = new StringBuilder(
            string.Create(CultureInfo.InvariantCulture, $"{row.Part,-9} {row.What,-58} {Time(row.Seconds),10} {Time(row.Floor),10} "));
        line.Append(
            CultureInfo.InvariantCulture,
            $"{(row is { Seconds: { } s, Floor: > 0 and { } f } ? (s / f).ToString("0.00", CultureInfo.InvariantCulture) : ""),6} ");
        line.Append(
            CultureInfo.InvariantCulture,
            $"{row.Error?.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? "",9} " +
            $"{row.MemoryGiB?.ToString("0.0", CultureInfo.InvariantCulture) ?? "",6}");
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
