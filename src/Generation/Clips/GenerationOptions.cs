using System.Diagnostics.CodeAnalysis;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;

namespace Locutor.Generation.Clips;

/// <summary>Options of a generation: size, clips, steps and guidance.</summary>
public sealed record GenerationOptions : DrawingOptions
{
    /// <summary>Creates options with default values for all other settings.</summary>
    /// <param name="height">Height of the generated frames in pixels; a multiple of 16.</param>
    /// <param name="width">Width of the generated frames in pixels; a multiple of 16.</param>
    /// <param name="clips">The division of the video into clips.</param>
    /// <param name="steps">Number of denoising steps per clip, 1 to 1000.</param>
    /// <param name="shift">Shift of the timesteps towards noise, above 0.</param>
    /// <param name="guidance">Guidance scales of the prompt and the speech.</param>
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

    /// <summary>True to report small pictures of a clip while it is denoised.</summary>
    public bool Previews { get; init; }

    /// <summary>Creates the options from settings for a size, a length and a prompt.</summary>
    /// <param name="settings">The settings of the request.</param>
    /// <param name="height">Height of the generated frames in pixels; a multiple of 16.</param>
    /// <param name="width">Width of the generated frames in pixels; a multiple of 16.</param>
    /// <param name="frames">Number of frames of the video, equal to the length of the speech.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="negative">The negative prompt, which guidance moves away from.</param>
    public static GenerationOptions Create(VideoSettings settings, int height, int width, int frames, string text, string negative)
    {
        bool asked = text != negative;
        var continuity = settings.Continuity is { } held && asked
            ? held with { StillTolerance = held.AskedTolerance }
            : settings.Continuity;
        // Distilled weights fix the motion frames of every clip. In the first clip they come before the start of the video.
        int leadIn = settings.FewSteps ? settings.MotionFrames : continuity is null || asked ? 0 : settings.MotionFrames - 1;
        var clips = new ClipPlan(frames, settings.ClipFrames, settings.MotionFrames, leadIn);
        return new GenerationOptions(height, width, clips, settings)
        {
            Guidance = settings.Guidance.Between(text, negative),
            Continuity = continuity,
        };
    }
}
