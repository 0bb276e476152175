using Locutor.Media.Captions;

namespace Locutor.Media.Video.Finishing;

/// <summary>How a video file contains captions.</summary>
public enum CaptionPlacement
{
    /// <summary>It contains none.</summary>
    None,

    /// <summary>The captions are a track that a player can turn on and off.</summary>
    Embedded,

    /// <summary>The captions are drawn into the pictures.</summary>
    Burnt,
}

/// <summary>How a finished video is changed: its format, frame rate, size and captions.</summary>
public sealed record FinishOptions
{
    /// <summary>Format of the new file; null selects the format by the extension of its name.</summary>
    public VideoFormat? Format { get; init; }

    /// <summary>Frame rate; null keeps it.</summary>
    public int? FramesPerSecond { get; init; }

    /// <summary>True to compute new frames between those of the video (ffmpeg's minterpolate); false to repeat frames.</summary>
    public bool Interpolate { get; init; }

    /// <summary>Height in pixels, even; null keeps the size. The width follows.</summary>
    public int? Height { get; init; }

    public CaptionPlacement Captions { get; init; }

    public IReadOnlyList<Cue> Cues { get; init; } = [];

    /// <summary>True if the pictures and tracks stay as they are.</summary>
    public bool IsPlain => FramesPerSecond is null && Height is null && (Captions == CaptionPlacement.None || Cues.Count == 0);
}
