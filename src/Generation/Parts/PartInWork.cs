namespace Locutor.Generation.Parts;

/// <summary>A part that is being made, or that is finished.</summary>
/// <param name="Part">The part.</param>
/// <param name="Finished">Completes when the whole file is written.</param>
public sealed record PartInWork(VideoPart Part, Task<FinishedPart> Finished)
{
    /// <summary>
    /// Returns the path of the file while it is written; null if there is none yet. Its frames are joined before it is finished.
    /// </summary>
    public Func<string?> Growing { get; init; } = () => null;
}
