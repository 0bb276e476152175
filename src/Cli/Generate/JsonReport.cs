using System.Text.Json;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>Reports progress to programs: one JSON object per line, whose <c>event</c> is progress, notice, growing or done.</summary>
internal sealed class JsonReport(TextWriter output) : Report
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public override void Say(string notice) => Write(new { Event = "notice", Text = notice });

    public override void Growing(string path) => Write(new { Event = "growing", Path = path });

    public override void Weights(IReadOnlyList<string> lines, bool shipped) => Write(new { Event = "weights", Files = lines });

    public override void Begin(string name, int number, int count) =>
        Write(new { Event = "video", Name = name, Number = number, Count = count });

    public override void Failed(string name, IReadOnlyList<string> reasons) =>
        Write(new { Event = "failed", Name = name, Reasons = reasons });

    public override void Done(ProductionResult result, long seed, TimeSpan elapsed) => Write(new
    {
        Event = "done",
        result.Path,
        result.Width,
        result.Height,
        result.Frames,
        result.Seconds,
        Seed = seed,
        ElapsedSeconds = Math.Round(elapsed.TotalSeconds, 2),
    });

    protected override void Show(GenerationProgress progress, TimeSpan? left) => Write(new
    {
        Event = "progress",
        Stage = JsonNamingPolicy.CamelCase.ConvertName(progress.Stage.ToString()),
        progress.Clip,
        progress.Clips,
        progress.Step,
        progress.Steps,
        Percent = Math.Round(100 * progress.Fraction, 1),
        EtaSeconds = left is { } time ? (double?)Math.Round(time.TotalSeconds, 1) : null,
    });

    private void Write(object line)
    {
        output.WriteLine(JsonSerializer.Serialize(line, Options));
        output.Flush();
    }
}
