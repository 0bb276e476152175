using Locutor.Media.Captions;

namespace Locutor.Media.Video.Finishing;

/// <summary>Where captions are in a video file.</summary>
public enum CaptionPlacement
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>In a track that a player can turn on and off.</summary>
    Embedded,

    /// <summary>In the pictures.</summary>
    Burnt,
}

/// <summary>How a finished video is changed: its format, frame rate, size and captions.</summary>
public sealed record FinishOptions
{
    /// <summary>Format of the new file; null for that of its name.</summary>
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
