using Locutor.Models;

namespace Locutor.Generation.Sampling;

/// <summary>Options of clips that the settings of a request and the options of the generator have in common.</summary>
public abstract record DrawingOptions
{
    /// <summary>Number of denoising steps per clip, 1 to 1000.</summary>
    public required int Steps { get; init; }

    /// <summary>Shift of the timesteps towards noise, above 0.</summary>
    public required double Shift { get; init; }

    /// <summary>Guidance scales of the prompt and the speech.</summary>
    public required GuidanceOptions Guidance { get; init; }

    /// <summary>Strength of the colour correction towards the first picture, 0 to 1.</summary>
    public double ColourCorrection { get; init; }

    /// <summary>
    /// True if clips are conditioned on the picture repeated in every frame; false if on the picture followed by blank frames.
    /// </summary>
    public bool HoldPicture { get; init; }

    /// <summary>
    /// True for weights distilled to few steps: <see cref="FewStepSampler"/> replaces Euler steps, and every clip is conditioned on the
    /// first picture.
    /// </summary>
    public bool FewSteps { get; init; }

    /// <summary>True if timesteps are spaced evenly down to 0, for weights distilled to that schedule.</summary>
    public bool EvenSteps { get; init; }

    /// <summary>Corrections between consecutive clips; null for none, as in the reference.</summary>
    public ContinuityOptions? Continuity { get; init; }

    /// <summary>Step cache, which reuses the residual of the blocks from an earlier step; null computes every step.</summary>
    public StepCacheOptions? StepCache { get; init; }

    /// <summary>Sparse self attention, which skips tiles with small weights; null reads all tiles.</summary>
    public SkippedAttentionOptions? SkippedAttention { get; init; }
}
