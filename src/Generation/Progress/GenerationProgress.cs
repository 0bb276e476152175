using Locutor.Media.Pictures;

namespace Locutor.Generation.Progress;

/// <summary>Stage of a generation.</summary>
public enum GenerationStage
{
    Fetching,
    Loading,
    Encoding,
    Denoising,
    Decoding,
    Muxing,
}

/// <summary>Progress of a generation.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Clip">Number of the current clip, counted from 1; 0 before the first one.</param>
/// <param name="Clips">Number of clips; 0 if unknown.</param>
/// <param name="Step">Number of completed denoising steps of this clip.</param>
/// <param name="Steps">Number of denoising steps per clip.</param>
public readonly record struct GenerationProgress(GenerationStage Stage, int Clip, int Clips, int Step, int Steps)
{
    /// <summary>Completed part of all work, 0 to 1. It never falls; it is 0 while the number of clips is unknown.</summary>
    public double Fraction { get; init; }

    /// <summary>Estimated time until the video is complete; null while it is unknown.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>A small picture of one frame of the clip as it looks after the last step; null in most reports.</summary>
    public Picture? Preview { get; init; }
}
