using System.Diagnostics;
using System.Globalization;
using Locutor.Generation.Progress;

namespace Locutor.Cli.Generate;

/// <summary>
/// Measures the wall-clock time and the CPU time of every stage of one video, for <c>--timings</c>. The first clip is listed separately,
/// since operations are set up when they are first used. While a clip is generated, the frames of the previous clip are finished and
/// encoded.
/// </summary>
internal sealed class Timings
{
    private readonly List<(string Part, TimeSpan Wall, TimeSpan Busy)> parts = [];
    private readonly DateTime started;
    private string part = "start of the program";
    private DateTime partStarted;
    private TimeSpan partBusy;

    public Timings()
    {
        using var process = Process.GetCurrentProcess();
        started = partStarted = process.StartTime;
    }

    /// <summary>Records a progress. When it begins another stage, the current stage ends.</summary>
    public void At(GenerationProgress progress)
    {
        string next = Part(progress);
        if (next != part) Begin(next);
    }

    /// <returns>The lines of a table; the last line is the sum.</returns>
    public IReadOnlyList<string> Finish()
    {
        Begin("");
        var all = parts.GroupBy(one => one.Part)
            .Select(group => (group.Key, Wall: Sum(group.Select(one => one.Wall)), Busy: Sum(group.Select(one => one.Busy))))
            .Append(("all", partStarted - started, partBusy));
        return [Line("", "seconds", "CPU seconds"), .. all.Select(one => Line(one.Item1, Seconds(one.Item2), Seconds(one.Item3)))];
    }

    private static string Part(GenerationProgress progress) => (progress.Stage, progress.Clip) switch
    {
        (GenerationStage.Fetching, _) => "reading inputs",
        (GenerationStage.Loading, _) => "loading the model",
        (GenerationStage.Muxing, _) => "finishing the file",
        (_, 0) => "encoding voice, prompt and picture",
        (var stage, 1) => $"first clip: {Report.Words(stage)}",
        var (stage, _) => $"later clips: {Report.Words(stage)}",
    };

    private void Begin(string next)
    {
        using var process = Process.GetCurrentProcess();
        var (now, busy) = (DateTime.Now, process.TotalProcessorTime);
        parts.Add((part, now - partStarted, busy - partBusy));
        (part, partStarted, partBusy) = (next, now, busy);
    }

    private static TimeSpan Sum(IEnumerable<TimeSpan> times) => new(times.Sum(time => time.Ticks));

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Line(string part, string wall, string busy) => $"{part,-36}{wall,10}{busy,14}";
}
