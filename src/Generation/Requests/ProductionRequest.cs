using Locutor.Generation.Parts;
using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.Media.Video.Segments;

namespace Locutor.Generation.Requests;

/// <summary>Placement of two people's voices in time.</summary>
public enum VoicePlacement
{
    /// <summary>Both voices start together (<c>para</c>).</summary>
    SideBySide,

    /// <summary>The second voice starts when the first has ended (<c>add</c>).</summary>
    OneAfterTheOther,
}

/// <summary>A video to be made from local files.</summary>
public sealed record ProductionRequest
{
    /// <summary>Path of a picture, or of a video whose person will speak.</summary>
    public required string ImagePath { get; init; }

    /// <summary>Paths of one voice, or of two voices for two people; empty if there is a <see cref="GrowingVoice"/>.</summary>
    public required IReadOnlyList<string> AudioPaths { get; init; }

    /// <summary>
    /// The voice of one person that still arrives; it needs <see cref="VideoSettings.StreamSpeech"/>. The caller disposes it.
    /// </summary>
    public GrowingSound? GrowingVoice { get; init; }

    public required string OutputPath { get; init; }

    public required VideoSettings Settings { get; init; }

    /// <summary>
    /// The part of the video to be made, as a file without sound that is joined later; null for the whole video. The voices are those of
    /// the whole video.
    /// </summary>
    public VideoPart? Part { get; init; }

    /// <summary>True to write a fragmented file, which can be played while it grows.</summary>
    public bool Fragmented { get; init; }

    /// <summary>Receives every clip as a segment that can be played at once; null for none. The output is an mp4 file then.</summary>
    public Func<VideoSegment, CancellationToken, Task>? Live { get; init; }

    /// <summary>Number of frames that an earlier attempt has passed to <see cref="Live"/>; the next segment begins there.</summary>
    public int LiveFrames { get; init; }

    /// <summary>True to report small pictures of a clip while it is denoised.</summary>
    public bool Previews { get; init; }

    /// <summary>Captions of the words that are spoken, in order; empty if they are not known.</summary>
    public IReadOnlyList<Cue> Cues { get; init; } = [];

    /// <summary>The words of a sound whose captions are not placed in time yet; null if there are none.</summary>
    public string? Transcript { get; init; }

    /// <summary>Receives messages for the user about the generation.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Receives the temporary path of the growing file.</summary>
    public Action<string>? Growing { get; init; }
}

/// <summary>The finished video: path, size in pixels, number of frames and duration in seconds.</summary>
public sealed record ProductionResult(string Path, int Width, int Height, int Frames, double Seconds)
{
    /// <summary>Captions of the video; empty if its words are not known.</summary>
    public IReadOnlyList<Cue> Cues { get; init; } = [];
}
