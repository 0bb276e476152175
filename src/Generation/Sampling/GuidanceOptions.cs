namespace Locutor.Generation.Sampling;

/// <summary>Guidance scales of the prompt and the speech.</summary>
/// <param name="Text">Guidance scale of the prompt; 1 omits the pass without text.</param>
/// <param name="Audio">Guidance scale of the speech; 1, together with text 1, omits the pass without audio.</param>
/// <param name="Projected">Adaptive projected guidance; null for plain guidance.</param>
public sealed record GuidanceOptions(double Text, double Audio, ProjectedGuidanceOptions? Projected = null)
{
    /// <summary>
    /// Number of guided steps, counted from the first; later steps run the conditional pass only. Null guides all steps. The first steps
    /// determine the motion, so guiding only those has most of the effect at a part of the cost (Kynkäänniemi et al., arXiv:2404.07724).
    /// </summary>
    public int? GuidedSteps { get; init; }

    /// <summary>Returns the guidance for two prompts. If both are equal, text guidance has no effect and its pass is omitted.</summary>
    public GuidanceOptions Between(string text, string negative) => text == negative ? this with { Text = 1 } : this;
}

/// <summary>Options of adaptive projected guidance, arXiv:2410.02416.</summary>
/// <param name="Momentum">Momentum of the running difference; a negative value counteracts the earlier steps.</param>
/// <param name="NormThreshold">Largest norm of a difference.</param>
public sealed record ProjectedGuidanceOptions(double Momentum = -0.75, double NormThreshold = 55);

/// <summary>Kind of network pass, by its conditioning inputs.</summary>
public enum Pass
{
    /// <summary>Prompt and speech.</summary>
    Conditional,

    /// <summary>Prompt and silent audio.</summary>
    AudioDropped,

    /// <summary>Negative prompt and speech.</summary>
    TextDropped,

    /// <summary>Negative prompt and silent audio.</summary>
    Unconditional,
}
