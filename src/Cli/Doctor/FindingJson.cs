using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Locutor.Generation.Diagnosis;

namespace Locutor.Cli.Doctor;

/// <summary>
/// Writes and reads findings for programs, one JSON object per line: <c>{"event": "finding", "check": "ffmpeg", "state": "ok", "text":
/// ..., "advice": null}</c>.
/// </summary>
internal static class FindingJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // Apostrophes stay unescaped, since the output is not part of a web page.
        Converters = { new JsonStringEnumConverter<FindingState>(JsonNamingPolicy.CamelCase) },
    };

    public static string Write(Finding finding) =>
        JsonSerializer.Serialize(new { Event = "finding", finding.Check, finding.State, finding.Text, finding.Advice }, Options);

    /// <summary>Reads the finding in a line; returns null for another event or the output of a library.</summary>
    public static Finding? Read(string line)
    {
        try
        {
            var written = line.StartsWith('{') ? JsonNode.Parse(line) : null;
            return written?["event"]?.GetValue<string>() == "finding" ? written.Deserialize<Finding>(Options) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
