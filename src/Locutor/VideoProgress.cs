namespace Locutor;

/// <summary>The current stage of the work.</summary>
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

/// <summary>Progress of loading a model or making a video.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Fraction">The completed part, 0 to 1: of the download in the stage <see cref="VideoStage.Fetching"/>, later of the whole
/// video. It never falls within a video.</param>
public readonly record struct VideoProgress(VideoStage Stage, double Fraction)
{
    /// <summary>
    /// Number of the current clip, counted from 1; 0 before the first one. A clip is a part of the video whose frames are denoised
    /// together.
    /// </summary>
    public int Clip { get; init; }

    /// <summary>Number of clips of the video; 0 while it is not known.</summary>
    public int Clips { get; init; }

    /// <summary>Number of completed denoising steps of this clip.</summary>
    public int Step { get; init; }

    /// <summary>Number of denoising steps of a clip.</summary>
    public int Steps { get; init; }

    /// <summary>Estimated time until the work is complete; null while it is unknown.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>A message for the user, for example that the picture was cropped; null in most reports.</summary>
    public string? Notice { get; init; }
}
