using Locutor.Generation.Progress;
using Locutor.Models.Store;

namespace Locutor;

/// <summary>Converts the progress of fetching and generation to <see cref="VideoProgress"/> and reports it to the caller.</summary>
internal sealed class ProgressRelay(IProgress<VideoProgress>? outer) : IProgress<GenerationProgress>, IProgress<PullProgress>
{
    private readonly List<string> notices = [];
    private VideoProgress last;

    /// <summary>All texts that were passed to <see cref="Notice"/>, in order.</summary>
    public IReadOnlyList<string> Notices => notices;

    public void Report(GenerationProgress value) => Report(new VideoProgress((VideoStage)value.Stage, value.Fraction)
    {
        Clip = value.Clip,
        Clips = value.Clips,
        Step = value.Step,
        Steps = value.Steps,
        TimeLeft = value.TimeLeft,
    });

    public void Report(PullProgress value) =>
        Report(new VideoProgress(
            VideoStage.Fetching,
            value.TotalBytes == 0 ? 0 : Math.Min(1, (double)value.Bytes / value.TotalBytes))
        { TimeLeft = value.Left });

    public void Notice(string text)
    {
        notices.Add(text);
        outer?.Report(last with { Notice = text });
    }

    public void Report(VideoProgress value)
    {
        last = value;
        outer?.Report(value);
    }
}
