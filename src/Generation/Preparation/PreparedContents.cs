using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Checkpoints;

namespace Locutor.Generation.Preparation;

/// <summary>One source file of a prepared file.</summary>
/// <param name="File">File name; with repository and revision for a hub file.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Sha256">SHA-256 of the content in lower-case hexadecimal.</param>
/// <param name="Modified">Time of the last change, in ticks of UTC.</param>
/// <param name="Strength">Strength with which an adapter was merged; null for other files.</param>
internal sealed record PreparedSource(string File, long Size, string Sha256, long Modified, double? Strength = null);

/// <summary>The sources of a prepared file, stored in its metadata.</summary>
/// <param name="Network">Name of the network in its bundle, or empty.</param>
/// <param name="Precision">Precision of the stored weights.</param>
/// <param name="Sources">Checkpoint files in order of priority, lowest first, then adapters in the order in which they were merged.</param>
internal sealed record PreparedContents(string Network, WeightPrecision Precision, IReadOnlyList<PreparedSource> Sources)
{
    private const string Key = "locutor_prepared";

    /// <summary>Version of the preparation; increased when files are prepared in a different way.</summary>
    private const int Version = 1;

    /// <summary>A hash that is equal for equal sources prepared in the same way.</summary>
    public string Identity => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n',
        [
            $"{Version} {Network} {Precision.Name()}",
            .. Sources.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Size} {s.Sha256} {s.Strength}"))
        ]))));

    public IReadOnlyDictionary<string, string> ToMetadata() => new Dictionary<string, string>
    {
        ["format"] = "pt",
        [Key] = JsonSerializer.Serialize(new Written(Version, Network, Precision.Name(), Sources), JsonSerializerOptions.Web),
    };

    /// <summary>Reads the sources from a file's metadata; null if the file was not prepared, or by another version.</summary>
    public static PreparedContents? Read(Checkpoint file)
    {
        if (!file.Metadata.TryGetValue(Key, out string? text)) return null;
        try
        {
            return JsonSerializer.Deserialize<Written>(text, JsonSerializerOptions.Web) is
            {
                Version: Version, Network: { } network, Precision: { } name, Sources: { } sources,
            }
                && WeightPrecisions.Parse(name) is { } precision
                ? new PreparedContents(network, precision, sources)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Written(int Version, string Network, string Precision, IReadOnlyList<PreparedSource> Sources);
}
