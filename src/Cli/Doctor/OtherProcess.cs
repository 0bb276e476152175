using System.Diagnostics;
using Locutor.Generation.Diagnosis;
using Locutor.Media.Processes;

namespace Locutor.Cli.Doctor;

/// <summary>
/// Runs the checks of native libraries in a separate process, so that a library which crashes or hangs does not end the diagnosis.
/// </summary>
internal static class OtherProcess
{
    /// <summary>The hidden option of <c>locutor doctor</c> that runs only these checks in the current process.</summary>
    public const string Option = "--libraries";

    private const int SignalBase = 128, IllegalInstruction = SignalBase + 4, Aborted = SignalBase + 6, Segmentation = SignalBase + 11;

    public static Check Check { get; } = new("libtorch", RunAsync) { Patience = TimeSpan.FromMinutes(3) };

    private static async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        var start = OwnProgram.StartInfo("doctor", Option, "--json");
        (start.RedirectStandardOutput, start.RedirectStandardError, start.RedirectStandardInput) = (true, true, true);
        using var process = Process.Start(start)!;
        using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        process.StandardInput.Close();
        var complaints = process.StandardError.ReadToEndAsync(cancellationToken);
        var findings = new List<Finding>();
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            if (FindingJson.Read(line) is { } finding) findings.Add(finding);
        await process.WaitForExitAsync(cancellationToken);
        string last = (await complaints).Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("");
        if (process.ExitCode is not (ExitCodes.Success or ExitCodes.Missing)) findings.Add(Crashed(process.ExitCode, last));
        return findings;
    }

    private static Finding Crashed(int code, string complaint)
    {
        string how = code switch
        {
            IllegalInstruction => "an illegal instruction",
            Aborted => "an abort",
            Segmentation => "a segmentation fault",
            _ => $"exit code {code}",
        };
        return Finding.Failure(
            "libtorch", $"a native library ended the process that tried it with {how}{(complaint.Length > 0 ? $": {complaint}" : "")}",
            code == IllegalInstruction
                ? "this libtorch is built for a newer processor; use another build"
                : "check that LOCUTOR_TORCH names libtorch 2.10, and that the GPU driver supports its CUDA version");
    }
}
