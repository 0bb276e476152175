using System.Diagnostics.CodeAnalysis;
using Locutor.Generation.Clips;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;

namespace Locutor.Generation;

/// <summary>How a video is made, apart from its contents.</summary>
public sealed record GenerationOptions : DrawingOptions
{
    /// <param name="height">Height of the video; a multiple of 16.</param>
    /// <param name="width">Width of the video; a multiple of 16.</param>
    /// <param name="clips">How the video is cut into clips.</param>
    /// <param name="steps">Denoising steps of a clip, 1 to 1000.</param>
    /// <param name="shift">Shift of the timesteps towards noise, above 0.</param>
    /// <param name="guidance">How strongly the video follows text and speech.</param>
    [SetsRequiredMembers]
    public GenerationOptions(int height, int width, ClipPlan clips, int steps, double shift, GuidanceOptions guidance)
    {
        (Height, Width, Clips) = (height, width, clips);
        (Steps, Shift, Guidance) = (steps, shift, guidance);
    }

    [SetsRequiredMembers]
    private GenerationOptions(int height, int width, ClipPlan clips, DrawingOptions drawing) : base(drawing) =>
        (Height, Width, Clips) = (height, width, clips);

    public int Height { get; init; }

    public int Width { get; init; }

    public ClipPlan Clips { get; init; }

    /// <summary>The options for a picture, a length and a text.</summary>
    /// <param name="height">Height of the video; a multiple of 16.</param>
    /// <param name="width">Width of the video; a multiple of 16.</param>
    /// <param name="frames">Frames of the video, as many as the speech lasts.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="negative">The text that guidance moves away from.</param>
    public static GenerationOptions Of(VideoSettings settings, int height, int width, int frames, string text, string negative)
    {
        bool asked = text != negative;
        var continuity = settings.Continuity is { } held && asked ? held with { StillTolerance = held.AskedTolerance } : settings.Continuity;
        // Distilled weights give the last frames of every clip, of the first too: it starts its motion frames before the video.
        int leadIn = settings.FewSteps ? settings.MotionFrames : continuity is null || asked ? 0 : settings.MotionFrames - 1;
        var clips = new ClipPlan(frames, settings.ClipFrames, settings.MotionFrames, leadIn);
        return new GenerationOptions(height, width, clips, settings) { Guidance = settings.Guidance.Between(text, negative), Continuity = continuity };
    }
}
