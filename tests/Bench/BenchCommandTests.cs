using System.Diagnostics;
using System.Text.Json;

namespace Locutor.Bench.Tests;

public sealed class BenchCommandTests
{
    [Fact]
    public async Task A_bench_prints_a_table_and_writes_its_numbers()
    {
        string path = Path.Combine(Path.GetTempPath(), $"locutor-bench-{Guid.NewGuid():N}.json");
        try
        {
            var (code, said, error) = await RunAsync(
                "bench", "pass", "--model", "untrained", "--size", "32x48", "--frames", "5", "--repeat", "1", "--check", "--precision",
                "float8", "--device", "cpu", "--json", path);
            code.ShouldBe(0, error);
            said.ShouldContain("matrix product, bfloat16");
            said.ShouldContain("against plain float32");
            var figures = JsonDocument.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).RootElement;
            figures.GetProperty("size").GetString().ShouldBe("32x48");
            figures.GetProperty("rows").EnumerateArray()
                .Count(row => row.TryGetProperty("seconds", out var seconds) && seconds.GetDouble() > 0).ShouldBe(2);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("expected multiples of 16", "bench", "pass", "--size", "100x100")]
    [InlineData("expected HEIGHTxWIDTH", "bench", "pass", "--size", "big")]
    [InlineData("pass, kernels, vae", "bench", "passes")]
    [InlineData("--vram-budget: expected a number of GiB", "bench", "pass", "--vram-budget", "much")]
    public async Task Wrong_options_are_refused_in_one_line(string says, params string[] arguments)
    {
        var (code, _, error) = await RunAsync(arguments);
        code.ShouldBe(2, error);
        error.ShouldContain(says);
        error.Trim().ShouldNotContain("\n");
    }

    private static async Task<(int Code, string Said, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Locutor.Bench.dll"), .. arguments])
        { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, said, await error);
    }
}
