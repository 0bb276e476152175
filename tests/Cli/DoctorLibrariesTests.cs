using System.Diagnostics;
using System.Text.Json.Nodes;
using Locutor.CommandLine;

namespace Locutor.Cli.Tests;

/// <summary>
/// Messages of <c>doctor</c> about a GPU, which a small library in place of the driver simulates, and about a missing libtorch.
/// </summary>
public sealed class DoctorLibrariesTests : IDisposable
{
    /// <summary>A driver that shows one GPU of capability 9.0 with 3 of 4 GiB free.</summary>
    private const string Driver = """
        int cuInit(unsigned flags) { return 0; }
        int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
        int cuDeviceGetCount(int *count) { *count = 1; return 0; }
        int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
        int cuDeviceGetName(char *name, int length, int device) { name[0] = 'G'; name[1] = '1'; name[2] = 0; return 0; }
        int cuDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == 75 ? 9 : 0; return 0; }
        int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)8; return 0; }
        int cuCtxGetCurrent(void **context) { *context = 0; return 0; }
        int cuCtxSetCurrent(void *context) { return 0; }
        int cuMemGetInfo_v2(unsigned long *left, unsigned long *total) { *left = 3ul << 30; *total = 4ul << 30; return 0; }

        """;

    private readonly string folder = Directory.CreateTempSubdirectory("locutor-doctor-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("", "warning", "cuda:0 G1, capability 9.0, 3.0 GiB of 4.0 GiB free; not used: ", "LOCUTOR_TORCH")]
    [InlineData("8.0", "warning", "cuda:0 G1, capability 9.0, used as 8.0 (LOCUTOR_GPU_CAPABILITY), 3.0 GiB of ", "LOCUTOR_TORCH")]
    [InlineData("9.9", "failure", "LOCUTOR_GPU_CAPABILITY=9.9: expected a compute capability from 7.5 to the GPU's own, 9.0", "unset")]
    public async Task A_GPU_is_described_with_the_capability_that_is_used(string forced, string state, string text, string advice)
    {
        await DriverAsync();
        var findings = await ExamineAsync(
            AppContext.BaseDirectory, ("LD_LIBRARY_PATH", folder), ("LOCUTOR_GPU_CAPABILITY", forced), ("LOCUTOR_SELF_TEST", "0"));
        var gpu = findings.Single(finding => finding.Check == "gpu");
        gpu.State.ShouldBe(state);
        gpu.Text.ShouldContain(text);
        gpu.Advice!.ShouldContain(advice);
        findings.Single(finding => finding.Check == "driver").Text.ShouldEndWith("runs CUDA up to 13.0");
    }

    [Fact]
    public async Task A_program_without_libtorch_says_so_in_one_sentence()
    {
        await DriverAsync();
        string program = ProgramWithoutLibtorch();
        (string, string)[] variables =
        [
            ("LD_LIBRARY_PATH", folder), ("NUGET_PACKAGES", folder), ("LOCUTOR_TORCH", ""),
            ("LOCUTOR_MODELS", Path.Combine(TestEnvironment.Checkout, "models")),
        ];
        var findings = await ExamineAsync(program, variables);
        findings.Single(finding => finding.Check == "libtorch").Text
            .ShouldBe("does not load: no libtorch beside this program loads, and LOCUTOR_TORCH is not set");
        findings.Single(finding => finding.Check == "gpu").Text.ShouldContain("not used: libtorch does not load");
        findings.ShouldAllBe(finding => finding.State != "failure" || finding.Check == "libtorch");

        string sample = Path.Combine(TestEnvironment.Checkout, "samples", "greta");
        var (code, output, error) = await RunAsync(
            program, ["generate", "-i", $"{sample}.png", "-a", $"{sample}.mp3", "-o", Path.Combine(folder, "out.mp4")], variables);
        error.Trim().Split('\n')[^1].ShouldBe(
            "locutor: no libtorch beside this program loads, and LOCUTOR_TORCH is not set ('locutor doctor' tells what is missing)");
        output.ShouldBeEmpty();
        code.ShouldBe(ExitCodes.Missing);
    }

    private async Task DriverAsync()
    {
        string source = Path.Combine(folder, "driver.c");
        await File.WriteAllTextAsync(source, Driver, Stop);
        using var compiler = Process.Start(
            ClangProgram.Name.ShouldNotBeNull(), ["-shared", "-fPIC", "-nostdlib", "-o", Path.Combine(folder, "libcuda.so.1"), source]);
        await compiler.WaitForExitAsync(Stop);
        compiler.ExitCode.ShouldBe(0);
    }

    /// <summary>Copies the program without its native libraries of libtorch, as 'dotnet build -p:LocutorTorch=none' makes it.</summary>
    private string ProgramWithoutLibtorch()
    {
        string copy = Path.Combine(folder, "program");
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetFileName(file);
            if (name.StartsWith("libtorch", StringComparison.Ordinal) || name.StartsWith("libc10", StringComparison.Ordinal)) continue;
            string target = Path.Combine(copy, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    private static async Task<List<Found>> ExamineAsync(string program, params (string Name, string Value)[] variables)
    {
        var (_, output, _) = await RunAsync(program, ["doctor", "--json"], variables);
        return [
            .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
                .Where(line => line["event"]!.GetValue<string>() == "finding")
                .Select(line => new Found(Text(line, "check")!, Text(line, "state")!, Text(line, "text")!, Text(line, "advice")))
        ];

        static string? Text(JsonNode line, string name) => line[name]?.GetValue<string>();
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(
        string program, string[] arguments, (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(Path.Combine(program, "locutor"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Stop), process.StandardError.ReadToEndAsync(Stop));
        await process.WaitForExitAsync(Stop);
        return (process.ExitCode, await output, await error);
    }

    private sealed record Found(string Check, string State, string Text, string? Advice);
}
