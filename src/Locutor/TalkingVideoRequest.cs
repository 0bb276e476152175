namespace Locutor;

/// <summary>
/// A video to make: portrait, voice and settings. A property that is null or left out has the default of the model's preset.
/// </summary>
/// <param name="Image">The portrait: a picture of the person who speaks, or a video whose lip movements are replaced.</param>
/// <param name="Audio">The voice, 0.1 seconds to 2 hours, or a text (<see cref="MediaInput.FromText"/>). The video is as long as the
/// voice.</param>
public sealed record TalkingVideoRequest(MediaInput Image, MediaInput Audio)
{
    /// <summary>The voice of a second person in the picture; null for one person.</summary>
    public MediaInput? SecondAudio { get; init; }

    /// <summary>Start of the second voice.</summary>
    public SecondVoice SecondVoice { get; init; }

    /// <summary>
    /// With two voices, the places of the two people in the picture, the person of <see cref="Audio"/> first: two boxes, or none for the
    /// left and the right half.
    /// </summary>
    public IReadOnlyList<PersonBox> Boxes { get; init; } = [];

    /// <summary>A description of the video, up to 4000 characters.</summary>
    public string? Prompt { get; init; }

    /// <summary>
    /// A description of things that the video must not show, up to 4000 characters; used if <see cref="TextGuidance"/> is above 1.
    /// </summary>
    public string? NegativePrompt { get; init; }

    /// <summary>
    /// Name of one of the model's sizes (<see cref="ModelInfo.Sizes"/>). Of its shapes, the one nearest to that of the picture is used.
    /// </summary>
    public string? Size { get; init; }

    /// <summary>Number of denoising steps of each clip, 1 to 1000. More steps take longer and give finer pictures.</summary>
    public int? Steps { get; init; }

    /// <summary>
    /// Shift of the timesteps towards noise, 0.01 to 100; higher values spend more steps on the coarse shape.
    /// </summary>
    public double? Shift { get; init; }

    /// <summary>
    /// Guidance scale of the prompt, 0 to 30: higher values follow it more closely. 1 turns guidance off and saves a pass of the network.
    /// </summary>
    public double? TextGuidance { get; init; }

    /// <summary>
    /// Guidance scale of the voice, 0 to 30: with higher values the lips follow it more closely. 1 turns guidance off and saves a pass of
    /// the network.
    /// </summary>
    public double? AudioGuidance { get; init; }

    /// <summary>Whether adaptive projected guidance (arXiv:2410.02416) is used, against oversaturated colours at high guidance.</summary>
    public bool? ProjectedGuidance { get; init; }

    /// <summary>
    /// Number of guided steps, counted from the first, 0 to 1000; later steps need a single pass of the network (arXiv:2404.07724).
    /// </summary>
    public int? GuidedSteps { get; init; }

    /// <summary>
    /// Number of frames that a clip takes over from the clip before it: 1, 5, 9, ..., at most 4 less than the frames of a clip.
    /// </summary>
    public int? MotionFrames { get; init; }

    /// <summary>
    /// Strength of the head's motion (it sways, nods with the voice and breathes) in models that draw only the face, 0 to 2; 0 is still.
    /// Null for 1, or for 0 in models that move the head themselves.
    /// </summary>
    public double? HeadMotion { get; init; }

    /// <summary>
    /// Whether the speech encoder reads only the last 8 seconds of sound before the end of a clip, as for a live sound. False: it reads the
    /// whole track.
    /// </summary>
    public bool? StreamSpeech { get; init; }

    /// <summary>Strength with which colours are kept equal to those of the picture, against drift in long videos, 0 to 1.</summary>
    public double? ColourCorrection { get; init; }

    /// <summary>
    /// Step cache, which skips steps that would change little: a threshold from 0 to 10 for TeaCache (arXiv:2411.19108),
    /// <c>teacache:THRESHOLD</c>, or <c>easycache:THRESHOLD</c> for EasyCache (arXiv:2507.02860). <c>0</c> skips no step.
    /// </summary>
    public string? StepCache { get; init; }

    /// <summary>
    /// Share of the weight of self attention that each token may do without, 0 to 0.5, so that parts of it are skipped; null for 0, which
    /// skips none. It acts with one voice and 8 steps or more, where self attention has 8-bit products.
    /// </summary>
    public double? SkippedAttention { get; init; }

    /// <summary>Seed of the noise, 0 to 9007199254740991; null for a random one.</summary>
    public long? Seed { get; init; }

    /// <summary>
    /// Placement of captions. Their words come from a text (<see cref="MediaInput.FromText"/>) or from <see cref="Transcript"/>.
    /// </summary>
    public VideoCaptions Captions { get; init; }

    /// <summary>
    /// The words of <see cref="Audio"/> for captions, up to 20,000 characters; null if they are not known, or if the voice speaks a text.
    /// </summary>
    public string? Transcript { get; init; }

    /// <summary>
    /// Height of the written video in pixels, an even number from 64 to 2160; the aspect ratio stays. Null keeps the generated size.
    /// </summary>
    public int? Height { get; init; }

    /// <summary>
    /// Frames per second of the written video: 25, 30 or 50; null for 25. <see cref="TalkingVideoModel.GenerateFramesAsync"/> always
    /// returns 25 frames per second.
    /// </summary>
    public int? FramesPerSecond { get; init; }

    /// <summary>
    /// Whether additional frames for more than 25 per second are interpolated, which is slow; otherwise frames are repeated.
    /// </summary>
    public bool InterpolateFrames { get; init; }
}

/// <summary>Placement of captions.</summary>
public enum VideoCaptions
{
    /// <summary>No captions.</summary>
    Off,

    /// <summary>In a file with the name of the video and the extension <c>.srt</c>.</summary>
    SubRip,

    /// <summary>In a file with the name of the video and the extension <c>.vtt</c>.</summary>
    WebVtt,

    /// <summary>In a track of the video that players can turn on and off; not possible in a GIF.</summary>
    Embedded,

    /// <summary>Drawn into the frames.</summary>
    Burnt,
}

/// <summary>Start of the second of two voices.</summary>
public enum SecondVoice
{
    /// <summary>Both voices start with the video.</summary>
    FromTheStart,

    /// <summary>The second voice starts when the first has ended.</summary>
    AfterTheFirst,
}

/// <summary>The place of a person in pixels of the picture. Left and top are inclusive, right and bottom exclusive.</summary>
/// <param name="Left">First column, at least 0.</param>
/// <param name="Top">First row, at least 0.</param>
/// <param name="Right">Column after the last, above <paramref name="Left"/> and at most the width of the picture.</param>
/// <param name="Bottom">Row after the last, above <paramref name="Top"/> and at most the height of the picture.</param>
public readonly record struct PersonBox(int Left, int Top, int Right, int Bottom);
