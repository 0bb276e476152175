namespace Locutor;

/// <summary>The work that is being done.</summary>
public enum VideoStage
{
    /// <summary>Files of the model are fetched.</summary>
    Fetching,

    /// <summary>Networks are loaded.</summary>
    Loading,

    /// <summary>Prompt, voice and picture are encoded.</summary>
    Encoding,

    /// <summary>A clip is denoised, step by step.</summary>
    Denoising,

    /// <summary>A clip is decoded into frames.</summary>
    Decoding,

    /// <summary>The last frames are encoded and the file is completed.</summary>
    Muxing,
}

/// <summary>How far a model or a video is.</summary>
/// <param name="Stage">The work that is being done.</param>
/// <param name="Fraction">Done part, 0 to 1: of the download while <see cref="VideoStage.Fetching"/>, else of the denoising of the whole
/// video.</param>
public readonly record struct VideoProgress(VideoStage Stage, double Fraction)
{
    /// <summary>Number of the clip in work, from 1; 0 before the first. A clip is a piece of the video that is generated at once.</summary>
    public int Clip { get; init; }

    /// <summary>Clips of the video; 0 while it is not known.</summary>
    public int Clips { get; init; }

    /// <summary>Denoising steps of this clip that are done.</summary>
    public int Step { get; init; }

    /// <summary>Denoising steps of a clip.</summary>
    public int Steps { get; init; }

    /// <summary>Estimated time until the work is done; null until something was measured.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>A sentence for the user about this model or this video, such as a crop of the picture; null in most reports.</summary>
    public string? Notice { get; init; }
}
