using Locutor.Cli.Commands;
using Locutor.Generation.Diagnosis;

namespace Locutor.StubService;

/// <summary>How the program makes videos with <see cref="StubRunner"/> instead of the networks.</summary>
internal static class StubMaking
{
    /// <param name="seconds">Seconds that the making of a video takes.</param>
    public static VideoMaking Create(double seconds) =>
        new(_ => StubCatalog.Create(), _ => new StubRunner(seconds), _ => [MachineChecks.Ffmpeg]);
}
