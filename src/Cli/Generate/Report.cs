using Locutor.Generation.Progress;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>Reports the progress of a generation to its caller.</summary>
internal abstract class Report : IProgress<GenerationProgress>, IDisposable
{
    /// <summary>Receives every stage to measure its time; null without the option <c>--timings</c>.</summary>
    public Timings? Timings { get; init; }

    public void At(GenerationProgress progress)
    {
        Timings?.At(progress);
        Show(progress, progress.TimeLeft);
    }

    void IProgress<GenerationProgress>.Report(GenerationProgress value) => At(value);

    /// <summary>Reports a notice to the user.</summary>
    public abstract void Say(string notice);

    /// <summary>Reports the path of a file that can already be played while it grows.</summary>
    public abstract void Growing(string path);

    /// <summary>Reports how many tensors each file of weights provided and changed.</summary>
    /// <param name="lines">One line per file.</param>
    /// <param name="shipped">Whether the files were shipped with the program. Then people do not need the report.</param>
    public abstract void Weights(IReadOnlyList<string> lines, bool shipped);

    /// <summary>Reports that one of several videos begins.</summary>
    public abstract void Begin(string name, int number, int count);

    /// <summary>Reports why one of several videos was not made.</summary>
    public abstract void Failed(string name, IReadOnlyList<string> reasons);

    public abstract void Done(ProductionResult result, long seed, TimeSpan elapsed);

    protected abstract void Show(GenerationProgress progress, TimeSpan? left);

    public virtual void Dispose() { }

    internal static string Words(GenerationStage stage) => stage switch
    {
        GenerationStage.Fetching => "reading inputs",
        GenerationStage.Loading => "loading the model",
        GenerationStage.Encoding => "encoding",
        GenerationStage.Denoising => "denoising",
        GenerationStage.Decoding => "decoding",
        _ => "finishing the file",
    };

    internal static string Clock(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
}
