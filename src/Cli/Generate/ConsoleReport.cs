using System.Text;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>
/// Reports progress to people on standard error: on a terminal in one line that is redrawn, otherwise in a line per clip.
/// </summary>
internal sealed class ConsoleReport : Report
{
    private const int BarWidth = 28;
    private readonly bool live = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null);
    private (GenerationStage, int) last = ((GenerationStage)(-1), -1);

    public override void Say(string notice)
    {
        Erase();
        Console.Error.WriteLine("note: " + notice);
    }

    public override void Growing(string path) => Say($"can be played while it is made: {path}");

    public override void Weights(IReadOnlyList<string> lines, bool shipped)
    {
        if (shipped) return;
        Erase();
        foreach (string line in lines) Console.Error.WriteLine("weights: " + line);
    }

    public override void Done(ProductionResult result, long seed, TimeSpan elapsed)
    {
        Erase();
        Console.Error.WriteLine(
            $"{result.Path}: {result.Width}x{result.Height}, {result.Frames} frames, {result.Seconds:0.00} s of speech, seed {seed}, " +
            $"made in {Clock(elapsed)}");
    }

    protected override void Show(GenerationProgress progress, TimeSpan? left)
    {
        if (live) Console.Error.Write("\r\u001b[2K" + Bar(progress, left));
        else if (Worth(progress)) Console.Error.WriteLine(Line(progress, left));
        last = (progress.Stage, progress.Clip);
    }

    public override void Dispose()
    {
        Erase();
        base.Dispose();
    }

    /// <summary>Returns whether a progress gets its own line: every stage before the first clip, every clip, and the last stage.</summary>
    private bool Worth(GenerationProgress progress) => progress.Clip > 0 && progress.Stage < GenerationStage.Muxing
        ? progress.Stage == GenerationStage.Denoising && last != (progress.Stage, progress.Clip)
        : progress.Stage != GenerationStage.Fetching && last.Item1 != progress.Stage;

    private static string Line(GenerationProgress progress, TimeSpan? left)
    {
        var line = new StringBuilder(Words(progress.Stage));
        if (progress.Clip > 0) line.Append($", clip {progress.Clip}").Append(progress.Clips > 0 ? $" of {progress.Clips}" : "");
        if (left is { } time) line.Append($", about {Clock(time)} left");
        return line.ToString();
    }

    private static string Bar(GenerationProgress progress, TimeSpan? left)
    {
        int full = (int)Math.Round(progress.Fraction * BarWidth);
        var line = new StringBuilder(
            $"\u001b[36m{new string('━', full)}\u001b[90m{new string('━', BarWidth - full)}\u001b[0m {progress.Fraction,4:0%}  " +
            $"{Words(progress.Stage)}");
        if (progress.Clip > 0) line.Append($"  clip {progress.Clip}").Append(progress.Clips > 0 ? $"/{progress.Clips}" : "");
        if (progress.Stage == GenerationStage.Denoising) line.Append($"  step {progress.Step + 1}/{progress.Steps}");
        if (left is { } time) line.Append($"  {Clock(time)} left");
        return line.ToString();
    }

    private void Erase()
    {
        if (live) Console.Error.Write("\r\u001b[2K");
    }
}
