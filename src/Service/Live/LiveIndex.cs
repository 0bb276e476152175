using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Media.Video.Segments;
using Locutor.Service.Files;
using Locutor.Service.Http;

namespace Locutor.Service.Live;

/// <summary>One published segment: the names of its file and of its header in the store.</summary>
public sealed record LiveSegment(string Name, string Header, int Frames);

/// <summary>
/// The segments of a job that can be watched, in order. Each attempt writes its own list, which begins with the segments of earlier
/// attempts; an old attempt that still runs can therefore not change the list of a new one.
/// </summary>
public sealed record LiveIndex
{
    public required SegmentedVideo Video { get; init; }

    public LiveSegment[] Segments { get; init; } = [];

    /// <summary>The number of frames in all segments.</summary>
    [JsonIgnore]
    public int Frames => Segments.Sum(segment => segment.Frames);

    /// <summary>The longest duration of a segment in whole seconds, rounded up.</summary>
    [JsonIgnore]
    public int TargetSeconds => (Video.LongestSegment + Video.FramesPerSecond - 1) / Video.FramesPerSecond;

    /// <summary>Returns the path of a file of the live video in the store.</summary>
    public static string PathOf(string jobId, string name) => DataFolder.ResultPath(jobId, "live-" + name);

    /// <summary>Reads the list of the latest attempt that has one; null when no attempt has.</summary>
    public static async Task<LiveIndex?> ReadAsync(IFileStore store, string jobId, int attempt, CancellationToken cancellationToken)
    {
        for (; attempt > 0; attempt--)
        {
            if (await store.ReadAsync(PathOf(jobId, NameOf(attempt)), cancellationToken) is { } file)
                return JsonSerializer.Deserialize<LiveIndex>(file, Problems.Json);
        }
        return null;
    }

    public Task WriteAsync(IFileStore store, DataFolder folder, string jobId, int attempt, CancellationToken cancellationToken) =>
        store.KeepAsync(
            folder, JsonSerializer.SerializeToUtf8Bytes(this, Problems.Json), PathOf(jobId, NameOf(attempt)), "application/json",
            cancellationToken);

    private static string NameOf(int attempt) => FormattableString.Invariant($"{attempt}.json");
}
