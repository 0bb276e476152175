using System.Text.Json;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>Reports the progress of a download or a preparation for programs: one JSON object per line, at most four per second.</summary>
internal sealed class JsonLines(TextWriter output) : IProgress<PullProgress>
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);
    private readonly Lock gate = new();

    public void Report(PullProgress value) =>
        Write(
            new
            {
                Event = "progress",
                Doing = value.File,
                Done = value.FilesDone,
                Of = value.Files,
                value.Bytes,
                value.TotalBytes,
                BytesPerSecond = Math.Round(value.BytesPerSecond),
                EtaSeconds = value.Left is { } left ? (double?)Math.Round(left.TotalSeconds, 1) : null,
            });

    public void Write(object line)
    {
        lock (gate)
        {
            output.WriteLine(JsonSerializer.Serialize(line, Options));
            output.Flush();
        }
    }
}
