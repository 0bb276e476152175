using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Locutor.Cli.Tests;

/// <summary>Ctrl-C and SIGTERM end the program with exit code 130 at any time and leave no unfinished file.</summary>
public sealed partial class StoppingTests : IDisposable
{
    private const int Interrupt = 2, Terminate = 15;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-stopping-");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("loading the model", Interrupt, 1)]
    [InlineData("denoising, clip 2", Terminate, 1)]
    [InlineData("denoising, clip 2", Interrupt, 2)] // The second signal ends it at once, while networks compute.
    public async Task A_signal_stops_a_running_command(string line, int signal, int times)
    {
        string samples = Path.Combine(TestEnvironment.Checkout, "samples"), model = Path.Combine(folder.FullName, "model");
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "locutor.dll"), "generate", "-i", Path.Combine(samples, "hana.png"), "-a",
            Path.Combine(samples, "hana.mp3"), "-o", Path.Combine(folder.FullName, "video.mp4"), "--fragmented", "--seed", "3",
            "--model", ShortClips.Write(model, ShortClips.MakePicturesSmall),
        ];
        using var program = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = folder.CreateSubdirectory("temporary").FullName },
        })!;
        while (await program.StandardError.ReadLineAsync(Ct) is { } said && !said.StartsWith(line, StringComparison.Ordinal)) { }
        for (int i = 0; i < times; i++) Kill(program.Id, signal).ShouldBe(0);
        string rest = await program.StandardError.ReadToEndAsync(Ct);
        await program.WaitForExitAsync(Ct);
        Directory.Delete(model, recursive: true);

        program.ExitCode.ShouldBe(130, rest);
        rest.ShouldContain("locutor: stopped");
        folder.GetFiles("*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    /// <summary>A program that is built may handle Ctrl-C itself, as dotnet does, and end with a code of its own.</summary>
    [Fact]
    public async Task Ctrl_C_stops_a_build_of_the_clone()
    {
        const string Build = "trap 'exit 1' INT; echo building; while :; do sleep 0.05; done";
        string script = $"set -euo pipefail; . \"$1/eng/setup.sh\"; extra_sources=(); (build_once out/stamp bash -c \"$2\") || exit $?";
        // The terminal sends Ctrl-C to a whole process group, so the script gets one of its own.
        using var program = Process.Start(new ProcessStartInfo("setsid", ["bash", "-c", script, "bash", TestEnvironment.Checkout, Build])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = folder.CreateSubdirectory("temporary").FullName },
        })!;
        while (!folder.EnumerateFiles("*", SearchOption.AllDirectories).Any(file => file.Length > 0)) await Task.Delay(20, Ct); // its log
        Kill(-program.Id, Interrupt).ShouldBe(0);
        string output = await program.StandardError.ReadToEndAsync(Ct);
        await program.WaitForExitAsync(Ct);

        program.ExitCode.ShouldBe(130, output);
        output.ShouldNotContain("the build failed");
        folder.GetFiles("*", SearchOption.AllDirectories).Select(file => file.Name).ShouldBe(["build.lock"]);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
