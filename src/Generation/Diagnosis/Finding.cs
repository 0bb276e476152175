namespace Locutor.Generation.Diagnosis;

/// <summary>How serious a finding is.</summary>
public enum FindingState
{
    Ok,

    /// <summary>Works, but slower or with less than this machine could do.</summary>
    Warning,

    /// <summary>Something that the program needs is missing or broken.</summary>
    Failure,
}

/// <summary>One line of a diagnosis.</summary>
/// <param name="Check">Name of the check, for example <c>ffmpeg</c>.</param>
/// <param name="State">How serious it is.</param>
/// <param name="Text">What was found. Never holds a secret.</param>
/// <param name="Advice">What to do about it; null where nothing is to be done.</param>
public sealed record Finding(string Check, FindingState State, string Text, string? Advice = null)
{
    public static Finding Ok(string check, string text) => new(check, FindingState.Ok, text);

    public static Finding Warning(string check, string text, string advice) => new(check, FindingState.Warning, text, advice);

    public static Finding Failure(string check, string text, string advice) => new(check, FindingState.Failure, text, advice);
}
