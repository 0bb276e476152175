using Locutor.Generation;
using Locutor.Generation.Output;

namespace Locutor.Cli.Generate;

/// <summary>Tells whoever started a generation how it goes.</summary>
internal abstract class Report : IProgress<GenerationProgress>, IDisposable
{
    private readonly TimeLeft left = new(TimeProvider.System);

    /// <summary>Receives every stage; null where nobody asked for it.</summary>
    public Timings? Timings { get; init; }

    public void At(GenerationProgress progress)
    {
        Timings?.At(progress);
        Show(progress, left.After(progress));
    }

    void IProgress<GenerationProgress>.Report(GenerationProgress value) => At(value);

    /// <summary>Something the user should know.</summary>
    public abstract void Say(string notice);

    /// <summary>Where the file can be played from while it grows.</summary>
    public abstract void Growing(string path);

    /// <summary>How many tensors each file gave and changed.</summary>
    /// <param name="lines">One for each file.</param>
    /// <param name="shipped">Whether the files came with the program, so that nobody wonders about them.</param>
    public abstract void Weights(IReadOnlyList<string> lines, bool shipped);

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

    protected static string Clock(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
}
