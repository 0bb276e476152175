using Locutor.Models;

namespace Locutor.Generation.Sampling;

/// <summary>How clips are drawn. The settings of a request and the options of the generator share these, so that none is copied by hand.</summary>
public abstract record DrawingOptions
{
    /// <summary>Denoising steps of a clip, 1 to 1000.</summary>
    public required int Steps { get; init; }

    /// <summary>Shift of the timesteps towards noise, above 0.</summary>
    public required double Shift { get; init; }

    /// <summary>How strongly the video follows text and speech.</summary>
    public required GuidanceOptions Guidance { get; init; }

    /// <summary>How strongly colours are moved back to those of the first picture, 0 to 1.</summary>
    public double ColourCorrection { get; init; }

    /// <summary>Clips are conditioned on the picture held still for all frames, instead of the picture followed by blank ones.</summary>
    public bool HoldPicture { get; init; }

    /// <summary>
    /// For weights distilled to few steps: <see cref="FewStepSampler"/> in place of Euler steps, and the first picture conditions every clip.
    /// </summary>
    public bool FewSteps { get; init; }

    /// <summary>Timesteps are spaced evenly down to 0, for weights distilled to that.</summary>
    public bool EvenSteps { get; init; }

    /// <summary>How clips follow each other; null as in the reference.</summary>
    public ContinuityOptions? Continuity { get; init; }

    /// <summary>Reuse of what the blocks added a step ago; null runs every step.</summary>
    public StepCacheOptions? StepCache { get; init; }

    /// <summary>Self attention leaves out tiles of little weight; null reads all.</summary>
    public SkippedAttentionOptions? SkippedAttention { get; init; }
}
