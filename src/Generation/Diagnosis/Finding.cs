namespace Locutor.Generation.Diagnosis;

/// <summary>Severity of a finding.</summary>
public enum FindingState
{
    Ok,

    /// <summary>The program works, but slower or with fewer functions than possible on this machine.</summary>
    Warning,

    /// <summary>Something that the program needs is missing or broken.</summary>
    Failure,
}

/// <summary>One line of a diagnosis.</summary>
/// <param name="Check">Name of the check, for example <c>ffmpeg</c>.</param>
/// <param name="State">Severity.</param>
/// <param name="Text">Description of the finding; never contains a secret.</param>
/// <param name="Advice">Recommended action; null if none is needed.</param>
public sealed record Finding(string Check, FindingState State, string Text, string? Advice = null)
{
    public static Finding Ok(string check, string text) => new(check, FindingState.Ok, text);

    public static Finding Warning(string check, string text, string advice) => new(check, FindingState.Warning, text, advice);

    public static Finding Failure(string check, string text, string advice) => new(check, FindingState.Failure, text, advice);
}
