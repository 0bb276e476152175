using System.Diagnostics;
using Locutor.CommandLine;

namespace Locutor.Bench.Tests;

public sealed class GpuCapabilityTests
{
    [Theory]
    [InlineData("9")]
    [InlineData("6.1")]
    [InlineData("new")]
    public async Task A_malformed_forced_capability_is_refused_with_the_range(string value)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Locutor.Bench.dll"), "bench", "pass", "--model", "untrained", "--size", "64x64",
                "--frames", "5", "--device", "cpu"
            ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["LOCUTOR_GPU_CAPABILITY"] = value },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        error.Trim().ShouldBe($"locutor: LOCUTOR_GPU_CAPABILITY={value}: expected a compute capability from 7.5 to 12.9, such as 8.0");
        process.ExitCode.ShouldBe(ExitCodes.Usage);
        (await output).ShouldBeEmpty();
    }
}
