using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Checkpoints;

namespace Locutor.Models.Store;

/// <summary>One file that went into a prepared one.</summary>
/// <param name="File">Its name, with repository and revision when it is of the hub.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of its content, lower-case hexadecimal.</param>
/// <param name="Modified">When it was last written, in ticks of UTC.</param>
/// <param name="Strength">How strongly it was merged, for an adapter; otherwise null.</param>
public sealed record PreparedSource(string File, long Size, string Sha256, long Modified, double? Strength = null);

/// <summary>What a prepared file was made of; stands in its metadata.</summary>
/// <param name="Network">Which of a bundle's networks, or empty.</param>
/// <param name="Precision">How its weights are held.</param>
/// <param name="Sources">Weights in the order in which they were laid over each other, then adapters in the order in which they were added.</param>
public sealed record PreparedContents(string Network, WeightPrecision Precision, IReadOnlyList<PreparedSource> Sources)
{
    private const string Key = "locutor_prepared";

    /// <summary>Changes when files are made in another way.</summary>
    private const int Version = 1;

    /// <summary>One line that is the same for the same content made in the same way.</summary>
    public string Identity => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n',
        [$"{Version} {Network} {Precision.Name()}", .. Sources.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Size} {s.Sha256} {s.Strength}"))]))));

    public IReadOnlyDictionary<string, string> ToMetadata() => new Dictionary<string, string>
    {
        ["format"] = "pt",
        [Key] = JsonSerializer.Serialize(new Written(Version, Network, Precision.Name(), Sources), JsonSerializerOptions.Web),
    };

    /// <summary>What the file says of itself; null when it was not prepared, or in another way than now.</summary>
    public static PreparedContents? Read(Checkpoint file)
    {
        if (!file.Metadata.TryGetValue(Key, out string? text)) return null;
        try
        {
            return JsonSerializer.Deserialize<Written>(text, JsonSerializerOptions.Web) is { Version: Version, Network: { } network, Precision: { } name, Sources: { } sources } && WeightPrecisions.Parse(name) is { } precision
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
