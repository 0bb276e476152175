using System.Text.Json;
using Locutor.Generation.Progress;

namespace Locutor.Cli.Client;

/// <summary>A job as a service describes it.</summary>
internal sealed class RemoteJob(JsonElement json)
{
    /// <summary>The JSON object of the job, as the service sent it.</summary>
    public JsonElement Json => json;

    public string Id => Text("id") ?? "";

    public string Status => Text("status") ?? "";

    public bool IsOver => Status is not ("queued" or "running");

    public string Model => Text("model") ?? "";

    public string Prompt => Text("prompt") ?? "";

    public string? Notice => Text("notice");

    public DateTimeOffset Created => json.TryGetProperty("created_at", out var time) ? time.GetDateTimeOffset() : default;

    public double Percent => Number("percent") ?? 0;

    public TimeSpan? Left => Number("eta_seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>The place in the queue; null if the job does not wait.</summary>
    public int? QueuePosition => Count("queue_position");

    /// <summary>Why no worker can take the job; null if one can.</summary>
    public string? WaitsFor => Progress is { } progress && progress.TryGetProperty("waits_for", out var reason) ? reason.GetString() : null;

    /// <summary>Code and message of a failure.</summary>
    public (string Code, string Message)? Error => json.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object
        ? (error.GetProperty("code").GetString()!, error.GetProperty("message").GetString()!)
        : null;

    /// <summary>Returns the progress in the form of a video that is made on this machine.</summary>
    public GenerationProgress ToProgress()
    {
        var stage = Enum.TryParse<GenerationStage>(Text("stage"), ignoreCase: true, out var known) ? known : GenerationStage.Fetching;
        return new(stage, Count("clip") ?? 0, Count("clips") ?? 0, Count("step") ?? 0, Count("steps") ?? 0)
        {
            Fraction = Percent / 100,
            TimeLeft = Left,
        };
    }

    private JsonElement? Progress => json.TryGetProperty("progress", out var progress) ? progress : null;

    private string? Text(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private int? Count(string name) => Number(name) is { } number ? (int)number : null;

    private double? Number(string name) =>
        Progress is { } progress && progress.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number
            ? value.GetDouble()
            : null;
}
