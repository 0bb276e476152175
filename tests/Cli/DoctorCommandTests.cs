using System.Diagnostics;
using System.Text.Json.Nodes;
using Locutor.CommandLine;

namespace Locutor.Cli.Tests;

public sealed class DoctorCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-doctor-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_part_of_a_machine_that_makes_videos_is_named()
    {
        var (code, findings, _) = await ExamineAsync();
        findings.Select(finding => finding.Check).Distinct()
            .ShouldBe(
                ["processor", "memory", "libtorch", "gpu", "nvrtc", "arithmetic", "ffmpeg", "models", "store", "cache", "temporary"],
                ignoreOrder: true);
        findings.Where(finding => finding.Check is "libtorch" or "ffmpeg" or "models" or "store" or "cache")
            .ShouldAllBe(finding => finding.State == "ok");
        findings.Single(finding => finding.Check == "libtorch").Text.ShouldStartWith("2.10.0 in ");
        findings.Single(finding => finding.Check == "ffmpeg").Text.ShouldContain("H.264 by ");
        findings.Where(finding => finding.State != "ok").ShouldAllBe(finding => finding.Advice != null);
        code.ShouldBe(findings.Any(finding => finding.State == "failure") ? ExitCodes.Missing : ExitCodes.Success);
    }

    [Fact]
    public async Task A_processor_with_wrong_convolutions_is_reported_with_the_path_that_is_used_instead()
    {
        var (code, findings, _) = await ExamineAsync(("LOCUTOR_INJECTED_FAULT", "convolution"), ("XDG_CACHE_HOME", folder));
        var arithmetic = findings.Where(finding => finding.Check == "arithmetic").ToList();
        arithmetic.ShouldContain(
            finding => finding.State == "warning" && finding.Text.Contains("float32 convolution")
                && finding.Text.Contains("used instead: "));
        arithmetic.ShouldAllBe(finding => finding.State != "failure");
        code.ShouldBe(findings.Any(finding => finding.State == "failure") ? ExitCodes.Missing : ExitCodes.Success);
    }

    [Fact]
    public async Task On_a_machine_without_libtorch_ffmpeg_and_folders_all_checks_run()
    {
        var (code, findings, _) = await ExamineAsync(
            ("LOCUTOR_TORCH", Path.Combine(folder, "nowhere")), ("PATH", folder), ("LOCUTOR_HOME", "/dev/null/home"),
            ("XDG_CACHE_HOME", "/proc/cache"));
        code.ShouldBe(ExitCodes.Missing);
        findings.Where(finding => finding.State == "failure").Select(finding => finding.Check)
            .ShouldBe(["libtorch", "ffmpeg", "store", "cache"], ignoreOrder: true);
        findings.Single(finding => finding.Check == "libtorch").Text.ShouldContain(
            $"{folder}/nowhere/libc10.so: cannot open shared object file");
        findings.Single(finding => finding.Check == "libtorch").Advice!.ShouldContain("LOCUTOR_TORCH");
        findings.Single(finding => finding.Check == "ffmpeg").Text.ShouldContain("install ffmpeg");
        findings.Single(finding => finding.Check == "store").Text.ShouldContain("/dev/null is a file");
        findings[^1].Check.ShouldBe("temporary");
    }

    [Fact]
    public async Task A_library_that_ends_its_process_does_not_end_the_diagnosis()
    {
        await CrashingLibraryAsync(Path.Combine(folder, "libc10.so"));
        using var doctor = Start(["--json"], ("LOCUTOR_TORCH", folder));
        var output = doctor.StandardOutput.ReadToEndAsync(Stop);
        await doctor.WaitForExitAsync(Stop);
        var findings = Findings(await output);
        findings.ShouldContain(finding => finding.Check == "libtorch" && finding.State == "failure"
            && finding.Text.Contains("ended the process that tried it with a segmentation fault"));
        findings[^1].Check.ShouldBe("temporary");
        doctor.ExitCode.ShouldBe(ExitCodes.Missing);
    }

    [Fact]
    public async Task The_filter_that_an_ffmpeg_lacks_is_named()
    {
        foreach (string tool in new[] { "ffmpeg", "ffprobe" })
        {
            await ScriptFile.WriteAsync(
                Path.Combine(folder, tool),
                $"#!/bin/bash\nPATH={Environment.GetEnvironmentVariable("PATH")}\n{tool} \"$@\" | grep -v ' amix '\nexit " +
                $"${{PIPESTATUS[0]}}\n");
        }

        var (code, findings, _) = await ExamineAsync(
            ("PATH", $"{folder}:{Environment.GetEnvironmentVariable("PATH")}"), ("LOCUTOR_SELF_TEST", "0"));
        var ffmpeg = findings.Single(finding => finding.Check == "ffmpeg");
        ffmpeg.State.ShouldBe("failure");
        ffmpeg.Text.ShouldEndWith("it lacks filter amix");
        code.ShouldBe(ExitCodes.Missing);
    }

    [Fact]
    public async Task Lines_in_a_pipe_have_no_colours_and_end_with_a_summary()
    {
        using var doctor = Start([], ("LOCUTOR_SELF_TEST", "0"));
        string output = await doctor.StandardOutput.ReadToEndAsync(Stop);
        await doctor.WaitForExitAsync(Stop);
        output.ShouldNotContain("\u001b");
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.ShouldContain(line => line.StartsWith("ok       ffmpeg      ", StringComparison.Ordinal));
        lines[^1].ShouldContain("ok");
    }

    [Fact]
    public async Task A_libtorch_that_does_not_load_is_reported_in_one_sentence()
    {
        string picture = Path.Combine(folder, "picture.png"), output = Path.Combine(folder, "out.mp4");
        await File.WriteAllBytesAsync(picture, [0x89], Stop);
        using var program = Start("generate", ["-i", picture, "-a", picture, "-o", output], ("LOCUTOR_TORCH", folder));
        string error = await program.StandardError.ReadToEndAsync(Stop);
        await program.WaitForExitAsync(Stop);
        program.ExitCode.ShouldBe(ExitCodes.Missing);
        error.Trim().ShouldStartWith($"locutor: LOCUTOR_TORCH: {folder}/libc10.so: cannot open shared object file");
        error.Trim().ShouldEndWith("('locutor doctor' tells what is missing)");
        error.Trim().Split('\n').Length.ShouldBe(1);
    }

    private static async Task<(int Code, List<Found> Findings, string Error)> ExamineAsync(params (string Name, string Value)[] variables)
    {
        using var doctor = Start("doctor", ["--json"], variables);
        var (output, error) = (doctor.StandardOutput.ReadToEndAsync(Stop), doctor.StandardError.ReadToEndAsync(Stop));
        await doctor.WaitForExitAsync(Stop);
        return (doctor.ExitCode, Findings(await output), await error);
    }

    private static List<Found> Findings(string output)
    {
        JsonNode[] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        lines[^1]["event"]!.GetValue<string>().ShouldBe("done");
        return [
            .. lines[..^1].Select(line => new Found(Text(line, "check")!, Text(line, "state")!, Text(line, "text")!, Text(line, "advice")))
        ];

        static string? Text(JsonNode line, string name) => line[name]?.GetValue<string>();
    }

    /// <summary>Makes a library that writes to an address without memory when it is loaded.</summary>
    private static async Task CrashingLibraryAsync(string path)
    {
        await File.WriteAllTextAsync(
            $"{path}.c", "__attribute__((constructor)) static void crash(void) { *(volatile int *)8 = 1; }\n", Stop);
        using var compiler = Process.Start(ClangProgram.Name.ShouldNotBeNull(), ["-shared", "-fPIC", "-nostdlib", "-o", path, $"{path}.c"]);
        await compiler.WaitForExitAsync(Stop);
        compiler.ExitCode.ShouldBe(0);
    }

    private static Process Start(string[] arguments, params (string Name, string Value)[] variables) =>
        Start("doctor", arguments, variables);

    private static Process Start(string verb, string[] arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "locutor"),
            [verb, .. arguments])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private sealed record Found(string Check, string State, string Text, string? Advice);
}
