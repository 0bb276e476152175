namespace Locutor;

/// <summary>
/// A video to make: who speaks, what is said, and how. Every property that is left out takes the default of the model's preset.
/// </summary>
/// <param name="Image">The portrait: a picture of the person who speaks, or a video whose lip movements are replaced.</param>
/// <param name="Audio">The voice, 0.1 seconds to 2 hours, or a text (<see cref="MediaInput.FromText"/>). The video becomes as long as the
/// voice.</param>
public sealed record TalkingVideoRequest(MediaInput Image, MediaInput Audio)
{
    /// <summary>The voice of a second person in the picture; null for one person.</summary>
    public MediaInput? SecondAudio { get; init; }

    /// <summary>When the second voice starts.</summary>
    public SecondVoice SecondVoice { get; init; }

    /// <summary>
    /// With two voices: where the two people are in the picture, the person of <see cref="Audio"/> first. Two boxes, or none for the left
    /// half and the right half.
    /// </summary>
    public IReadOnlyList<PersonBox> Boxes { get; init; } = [];

    /// <summary>A description of the video, up to 4000 characters.</summary>
    public string? Prompt { get; init; }

    /// <summary>
    /// A description of things that the video must not show, up to 4000 characters; used where <see cref="TextGuidance"/> is above 1.
    /// </summary>
    public string? NegativePrompt { get; init; }

    /// <summary>
    /// Name of one of the model's sizes (<see cref="ModelInfo.Sizes"/>); the shape nearest to that of the picture is taken.
    /// </summary>
    public string? Size { get; init; }

    /// <summary>Denoising steps of each clip, 1 to 1000. More steps take longer and draw finer.</summary>
    public int? Steps { get; init; }

    /// <summary>How far the steps are shifted towards noise, 0.01 to 100; higher values spend more steps on the coarse shape.</summary>
    public double? Shift { get; init; }

    /// <summary>How strongly the video follows the prompt, 0 to 30; 1 saves a pass of the network.</summary>
    public double? TextGuidance { get; init; }

    /// <summary>How strongly the lips follow the voice, 0 to 30; 1 saves a pass of the network.</summary>
    public double? AudioGuidance { get; init; }

    /// <summary>Adaptive projected guidance, against oversaturated colours at high guidance.</summary>
    public bool? ProjectedGuidance { get; init; }

    /// <summary>How many steps are guided, counted from the first, 0 to 1000; the others take a single pass of the network.</summary>
    public int? GuidedSteps { get; init; }

    /// <summary>Frames that a clip takes over from the clip before it: 1, 5, 9, ... up to 4 less than the frames of a clip.</summary>
    public int? MotionFrames { get; init; }

    /// <summary>How strongly colours are held to those of the picture, 0 to 1.</summary>
    public double? ColourCorrection { get; init; }

    /// <summary>
    /// Skips steps that would change little: a threshold from 0 to 10, <c>teacache:THRESHOLD</c> or <c>easycache:THRESHOLD</c>;
    /// <c>0</c> skips none.
    /// </summary>
    public string? StepCache { get; init; }

    /// <summary>Starting point of the noise, 0 to 9007199254740991; null draws one at random.</summary>
    public long? Seed { get; init; }

    /// <summary>
    /// Where the words are shown; they come from a text (<see cref="MediaInput.FromText"/>) or from <see cref="Transcript"/>.
    /// </summary>
    public VideoCaptions Captions { get; init; }

    /// <summary>
    /// The words of <see cref="Audio"/>, for captions, up to 20,000 characters; null if they are not known or it is a text.
    /// </summary>
    public string? Transcript { get; init; }

    /// <summary>
    /// Height of the written video in pixels, an even number from 64 to 2160; the width follows. Null keeps the drawn size.
    /// </summary>
    public int? Height { get; init; }

    /// <summary>
    /// Frames a second of the written video: 25, 30 or 50; null is 25. Frames of <c>GenerateFramesAsync</c> are always 25 a second.
    /// </summary>
    public int? FramesPerSecond { get; init; }

    /// <summary>Whether frames above 25 a second are computed between two frames, which is slow; otherwise frames are repeated.</summary>
    public bool InterpolateFrames { get; init; }
}

/// <summary>Where the words of a video are shown.</summary>
public enum VideoCaptions
{
    /// <summary>Nowhere.</summary>
    Off,

    /// <summary>In a file with the name of the video and the extension <c>.srt</c>.</summary>
    SubRip,

    /// <summary>In a file with the name of the video and the extension <c>.vtt</c>.</summary>
    WebVtt,

    /// <summary>In a track that players turn on and off; a GIF has none.</summary>
    Embedded,

    /// <summary>In the pictures.</summary>
    Burnt,
}

/// <summary>When the second of two voices starts.</summary>
public enum SecondVoice
{
    /// <summary>Both voices start with the video.</summary>
    FromTheStart,

    /// <summary>The second voice starts when the first has ended.</summary>
    AfterTheFirst,
}

/// <summary>Where a person is, in pixels of the picture. Left and top are inside the box, right and bottom are outside.</summary>
/// <param name="Left">First column, at least 0.</param>
/// <param name="Top">First row, at least 0.</param>
/// <param name="Right">Column after the last, above <paramref name="Left"/> and at most the width of the picture.</param>
/// <param name="Bottom">Row after the last, above <paramref name="Top"/> and at most the height of the picture.</param>
public readonly record struct PersonBox(int Left, int Top, int Right, int Bottom);
