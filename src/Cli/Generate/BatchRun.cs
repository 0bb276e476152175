using Locutor.Files;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>
/// Runs <c>locutor generate --batch</c>: it checks every video first, then makes one after the other with networks that are loaded once. A
/// video that fails does not stop the others.
/// </summary>
internal static class BatchRun
{
    private const int MostFaults = 10;

    /// <summary>Makes the videos of a batch.</summary>
    /// <param name="videos">Names and command lines.</param>
    /// <param name="existing">Whether results that exist already are replaced or kept.</param>
    /// <param name="cancellationToken">Stops the work; finished videos stay.</param>
    /// <returns>The exit code of the first failure, or 0.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<(string Name, GenerateArguments Arguments)> videos, ExistingOutput existing, CancellationToken cancellationToken)
    {
        CreateFolder(Path.GetDirectoryName(videos[0].Arguments.Output)!);
        var work = Check(videos);
        int all = work.Count;
        if (existing == ExistingOutput.Keep) work = [.. work.Where(one => ExistingOutputs.MayWrite(one.Video.Files, existing))];
        else if (!ExistingOutputs.MayWrite(work.SelectMany(one => one.Video.Files), existing, canKeep: true))
            throw new CommandException(ExitCodes.BadOutput, "no video was made; -n makes only those that do not exist");
        using var report = GenerateRun.CreateReport(videos[0].Arguments);
        using var networks = new LoadedNetworks();
        int code = ExitCodes.Success, failed = 0, number = 0;
        foreach (var (name, video) in work)
        {
            report.Begin(name, ++number, work.Count);
            try
            {
                await GenerateRun.MakeAsync(video, networks, report, cancellationToken);
            }
            catch (Exception failure) when (
                failure is not OperationCanceledException && ProgramRunner.Explain(failure) is { } explained)
            {
                report.Failed(name, explained.Lines);
                failed++;
                if (code == ExitCodes.Success) code = explained.Code;
            }
        }

        report.Say($"{work.Count - failed} of {all} videos made, {all - work.Count} kept, {failed} failed");
        foreach (string line in report.Timings?.Finish() ?? []) await Console.Error.WriteLineAsync(line);
        return code;
    }

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(Path.GetFullPath(folder));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw WritablePath.Refused(folder, FileFault.Describe(failure));
        }
    }

    /// <summary>Checks all videos, so that a mistake in the last one is found before the first is made.</summary>
    private static List<(string Name, CheckedVideo Video)> Check(
        IReadOnlyList<(string Name, GenerateArguments Arguments)> videos)
    {
        var work = new List<(string Name, CheckedVideo Video)>();
        var faults = new List<string>();
        int code = ExitCodes.Success;
        foreach (var (name, arguments) in videos)
        {
            try
            {
                foreach (string input in new[] { VideoFields.Image, VideoFields.Audio, VideoFields.Audio2 }
                    .Select(arguments.Form.Address).OfType<string>().Select(InputFiles.PathOf))
                {
                    if (!input.Contains("://", StringComparison.Ordinal) && !File.Exists(input))
                        throw new CommandException(ExitCodes.BadInput, $"{input}: no such file");
                }

                work.Add((name, CheckedVideo.Check(arguments)));
            }
            catch (Exception failure) when (ProgramRunner.Explain(failure) is { } explained)
            {
                faults.AddRange(explained.Lines.Select(line => $"{name}: {line}"));
                if (code == ExitCodes.Success) code = explained.Code;
            }
        }

        if (faults.Count == 0)
        {
            CheckApart(work);
            return work;
        }

        string more = faults.Count > MostFaults ? $"; and {faults.Count - MostFaults} more" : "";
        throw new CommandException(code, $"no video was made: {string.Join("; ", faults.Take(MostFaults))}{more}");
    }

    /// <summary>Checks that no video replaces an input or an output of another one.</summary>
    private static void CheckApart(IReadOnlyList<(string Name, CheckedVideo Video)> work) => OutputPath.CheckApart(
        work.SelectMany(one => one.Video.Outputs.Select(output => output with { Content = $"{output.Content} of '{one.Name}'" })),
        work.SelectMany(one => one.Video.Inputs.Select(input => (input, $"{input} of '{one.Name}'"))));
}
