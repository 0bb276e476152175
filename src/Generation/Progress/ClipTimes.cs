namespace Locutor.Generation.Progress;

/// <summary>Mean durations of the phases of clips, as far as they were measured.</summary>
internal sealed class ClipTimes
{
    private readonly PhaseMean encode = new(), step = new(), decode = new();

    /// <summary>Number of clips that were decoded.</summary>
    public int Clips => decode.Count;

    /// <summary>The mean of all clips; null while a phase was not measured.</summary>
    public ClipCosts? Mean => encode.All is { } e && step.All is { } s && decode.All is { } d ? new ClipCosts(e, s, d) : null;

    /// <summary>The expected costs of a first clip that is not decoded yet, from its second measured step on; otherwise null.</summary>
    public ClipCosts? Begun =>
        encode.All is { } e && step is { Count: >= 2, All: { } s } && decode.Count == 0 ? TypicalClip.First(e, s) : null;

    /// <summary>Adds the duration of a phase.</summary>
    /// <param name="stage">The phase.</param>
    /// <param name="seconds">Duration of the phase; of one step for denoising.</param>
    /// <param name="steps">Number of steps of a clip.</param>
    /// <param name="unsure">True if the duration is inexact: it counts in <see cref="Mean"/> only until there is another one.</param>
    public void Add(GenerationStage stage, double seconds, int steps, bool unsure = false)
    {
        if (stage == GenerationStage.Encoding) encode.Add(seconds, 1, unsure);
        if (stage == GenerationStage.Denoising) step.Add(seconds, 1.0 / Math.Max(1, steps), unsure);
        if (stage == GenerationStage.Decoding) decode.Add(seconds, 1, unsure);
    }

    /// <summary>Returns the costs to expect of the next clip.</summary>
    /// <param name="expected">The costs to expect without any measurement.</param>
    /// <param name="trust">Weight of <paramref name="expected"/>, in measured clips.</param>
    public ClipCosts Estimate(ClipCosts expected, double trust) => new(
        encode.Estimate(expected.Encode, trust), step.Estimate(expected.Step, trust), decode.Estimate(expected.Decode, trust));
}

/// <summary>The mean duration of one phase.</summary>
internal sealed class PhaseMean
{
    // The weight of a clip decreases by 4 % with each later clip, so that the mean follows the load of the machine slowly.
    private const double Kept = 0.96;

    private double recent, recentWeight, all, allWeight;
    private bool unsureAll;

    public int Count { get; private set; }

    /// <summary>The mean of all durations; null if there is none.</summary>
    public double? All => Count == 0 ? null : all;

    /// <summary>Adds a duration. Its weight is its share of a clip: 1 for a phase, 1 / steps for a step.</summary>
    public void Add(double seconds, double weight, bool unsure)
    {
        if (unsureAll) allWeight = 0;
        unsureAll = unsure;
        double before = recentWeight * Math.Pow(Kept, weight);
        recent = (before * recent + weight * seconds) / (before + weight);
        all = (allWeight * all + weight * seconds) / (allWeight + weight);
        (recentWeight, allWeight, Count) = (before + weight, allWeight + weight, Count + 1);
    }

    /// <summary>Returns the weighted geometric mean of what was measured and what was expected.</summary>
    public double Estimate(double expected, double trust) =>
        Count == 0 ? expected : ClipCosts.Mean(expected, recent, recentWeight / (trust + recentWeight));
}
