using System.CommandLine;
using System.Text.Json;
using Locutor.Cli.Doctor;
using Locutor.Generation.Diagnosis;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor doctor</c>: it checks that everything needed for a video is present, and gives advice when it is not.
/// </summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON on standard output, one object per line." };
    private static readonly Option<bool> Libraries = new(OtherProcess.Option) { Hidden = true };

    public static Command Create()
    {
        var command = new Command(
            "doctor",
            "Check this machine: processor, memory, GPU, libtorch, ffmpeg, models and folders.") { ModelsCommand.Store, Json, Libraries };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(Libraries)
                ? Diagnosis.Libraries
                : Diagnosis.Machine(null, parsed.GetValue(ModelsCommand.Store)),
            parsed.GetValue(Json), cancellationToken));
        return command;
    }

    /// <summary>Runs checks and prints their findings.</summary>
    /// <returns>The exit code: 5 when a finding is a failure, 0 otherwise.</returns>
    internal static async Task<int> RunAsync(IEnumerable<Check> checks, bool json, CancellationToken cancellationToken)
    {
        var lines = json ? null : FindingLines.ToConsole();
        int failures = 0, warnings = 0;
        await foreach (var finding in Check.RunAllAsync(checks, cancellationToken))
        {
            failures += finding.State == FindingState.Failure ? 1 : 0;
            warnings += finding.State == FindingState.Warning ? 1 : 0;
            if (lines is null) Console.WriteLine(FindingJson.Write(finding));
            else lines.Write(finding);
        }

        if (lines is null)
        {
            Console.WriteLine(
                JsonSerializer.Serialize(new { Event = "done", Failures = failures, Warnings = warnings }, JsonSerializerOptions.Web));
        }
        else
        {
            lines.WriteSum();
        }
        return failures == 0 ? ExitCodes.Success : ExitCodes.Missing;
    }
}
