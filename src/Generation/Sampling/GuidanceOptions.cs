namespace Locutor.Generation.Sampling;

/// <summary>How strongly text and speech pull.</summary>
/// <param name="Text">1 asks for no pass without text.</param>
/// <param name="Audio">1 (together with text 1) asks for no pass without audio.</param>
/// <param name="Projected">Adaptive projected guidance; null for the plain one.</param>
public sealed record GuidanceOptions(double Text, double Audio, ProjectedGuidanceOptions? Projected = null)
{
    /// <summary>
    /// Steps that are guided, from the first; later ones run the conditional pass alone. Null guides all. What moves is settled in the first
    /// steps, so that guiding those does most of the good at a part of the price (Kynkäänniemi et al., arXiv:2404.07724).
    /// </summary>
    public int? GuidedSteps { get; init; }

    /// <summary>The same for these words: a text pulls nowhere from itself, and a pass is saved.</summary>
    public GuidanceOptions Between(string text, string negative) => text == negative ? this with { Text = 1 } : this;
}

/// <summary>Adaptive projected guidance, arXiv:2410.02416.</summary>
/// <param name="Momentum">Of the running difference; negative pushes away from what the steps before added.</param>
/// <param name="NormThreshold">Largest norm of a difference.</param>
public sealed record ProjectedGuidanceOptions(double Momentum = -0.75, double NormThreshold = 55);

/// <summary>What a network pass is told.</summary>
public enum Pass
{
    /// <summary>Text and audio.</summary>
    Conditional,

    /// <summary>Text, silent audio.</summary>
    AudioDropped,

    /// <summary>Negative text, audio.</summary>
    TextDropped,

    /// <summary>Negative text, silent audio.</summary>
    Unconditional,
}
