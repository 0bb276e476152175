using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Models;

namespace Locutor.Generation;

/// <summary>How a video is made, apart from what it shows and says.</summary>
/// <param name="Height">Of the video; a multiple of 16.</param>
/// <param name="Width">Of the video; a multiple of 16.</param>
/// <param name="Clips">How the video is cut into clips.</param>
/// <param name="Steps">Denoising steps of a clip, 1 to 1000.</param>
/// <param name="Shift">Of the timesteps towards noise, above 0.</param>
/// <param name="Guidance">How strongly text and speech pull.</param>
public sealed record GenerationOptions(int Height, int Width, ClipPlan Clips, int Steps, double Shift, GuidanceOptions Guidance)
{
    /// <summary>How much colours are moved back to those of the first picture, 0 to 1.</summary>
    public double ColourCorrection { get; init; }

    /// <summary>Clips are conditioned on the picture held still for all frames, instead of the picture followed by blank ones.</summary>
    public bool HoldPicture { get; init; }

    /// <summary>How clips follow each other; null as in the reference.</summary>
    public ContinuityOptions? Continuity { get; init; }

    /// <summary>Reuse of what the blocks added a step ago; null runs every step.</summary>
    public StepCacheOptions? StepCache { get; init; }

    /// <summary>What the settings of a video come to, once its picture, its length and its words are known.</summary>
    /// <param name="settings">Resolved.</param>
    /// <param name="height">Of the video; a multiple of 16.</param>
    /// <param name="width">Of the video; a multiple of 16.</param>
    /// <param name="frames">Of the video; all that is said takes.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="negative">The text that guidance moves away from.</param>
    public static GenerationOptions Of(VideoSettings settings, int height, int width, int frames, string text, string negative)
    {
        bool asked = text != negative;
        var continuity = settings.Continuity is { } held && asked ? held with { StillTolerance = held.AskedTolerance } : settings.Continuity;
        int leadIn = continuity is null || asked ? 0 : settings.MotionFrames - 1;
        var clips = new ClipPlan(frames, settings.ClipFrames, settings.MotionFrames, leadIn);
        return new(height, width, clips, settings.Steps, settings.Shift, settings.Guidance.Between(text, negative))
        {
            ColourCorrection = settings.ColourCorrection,
            HoldPicture = settings.HoldPicture,
            Continuity = continuity,
            StepCache = settings.StepCache,
        };
    }
}
