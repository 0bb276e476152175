using System.Text;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>
/// Reports progress to people on standard error: on a terminal in one line that is redrawn, otherwise in a line per clip.
/// </summary>
internal sealed class ConsoleReport : Report
{
    private readonly bool live = Terminal.CanRedraw, colours = Terminal.HasColours;
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

    public override void Begin(string name, int number, int count)
    {
        Erase();
        last = ((GenerationStage)(-1), -1);
        Console.Error.WriteLine($"{number} of {count}: {name}");
    }

    public override void Failed(string name, IReadOnlyList<string> reasons)
    {
        Erase();
        foreach (string reason in reasons) Console.Error.WriteLine($"locutor: {name}: {reason}");
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
        if (live) Console.Error.Write(Terminal.EraseLine + ProgressBar.Draw(progress, left, Terminal.Width, colours));
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

    private void Erase()
    {
        if (live) Console.Error.Write(Terminal.EraseLine);
    }
}
