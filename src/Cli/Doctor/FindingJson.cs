using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Locutor.Generation.Diagnosis;

namespace Locutor.Cli.Doctor;

/// <summary>Findings for programs, one JSON object a line: <c>{"event": "finding", "check": "ffmpeg", "state": "ok", "text": ..., "advice": null}</c>.</summary>
internal static class FindingJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // apostrophes as they are: nobody puts this into a page
        Converters = { new JsonStringEnumConverter<FindingState>(JsonNamingPolicy.CamelCase) },
    };

    public static string Write(Finding finding) => JsonSerializer.Serialize(new { Event = "finding", finding.Check, finding.State, finding.Text, finding.Advice }, Options);

    /// <summary>The finding of a line; null where the line is something else: another event, or a library's own output.</summary>
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
