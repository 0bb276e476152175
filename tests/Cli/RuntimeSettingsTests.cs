using System.Diagnostics;

namespace Locutor.Cli.Tests;

/// <summary>
/// Checks a running program: its environment variables, its standard streams, and that the restart kept the process id and the arguments.
/// </summary>
public sealed class RuntimeSettingsTests
{
    private const string Odd = "a b'ü";

    private static string[] Variables =>
    [
        "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_ARENA_MAX", "DOTNET_GCgen0size", "DOTNET_GCgen0MaxBudget",
        "DOTNET_GCConserveMemory", "DOTNET_gcConcurrent", "DOTNET_TC_CallCountThreshold", "DOTNET_TC_CallCountingDelayMs"
    ];

    [Fact]
    public async Task A_program_that_runs_networks_is_started_with_settings_of_its_runtime_and_with_open_streams()
    {
        using var program = Start([], "<&- >&- 2>&-");
        try
        {
            var found = await EnvironmentAsync(program, variables => Variables.All(variables.ContainsKey));
            found["MALLOC_MMAP_MAX_"].ShouldBe("0");
            found["MALLOC_ARENA_MAX"].ShouldBe("1");
            found["DOTNET_GCgen0size"].ShouldBe("0x1000000");
            string[] arguments = (await File.ReadAllTextAsync($"/proc/{program.Id}/cmdline", TestContext.Current.CancellationToken))
                .Split('\0', StringSplitOptions.RemoveEmptyEntries);
            arguments[1..].ShouldBe(Arguments);
            foreach (int stream in new[] { 0, 1, 2 })
                File.ResolveLinkTarget($"/proc/{program.Id}/fd/{stream}", returnFinalTarget: false)!.FullName.ShouldBe("/dev/null");
        }
        finally
        {
            program.Kill();
        }
    }

    [Fact]
    public async Task A_value_that_the_user_set_is_kept()
    {
        using var program = Start([("MALLOC_ARENA_MAX", "3"), ("DOTNET_GCConserveMemory", "2")]);
        try
        {
            var found = await EnvironmentAsync(program, variables => Variables.All(variables.ContainsKey));
            found["MALLOC_ARENA_MAX"].ShouldBe("3");
            found["DOTNET_GCConserveMemory"].ShouldBe("2");
        }
        finally
        {
            program.Kill();
        }
    }

    private static string[] Arguments =>
        [Path.Combine(AppContext.BaseDirectory, "locutor.dll"), "worker", "--gateway", "127.0.0.1:9", "--id", Odd];

    /// <summary>Starts a worker without a service: it tries to connect for a while, long enough to read its settings.</summary>
    private static Process Start((string Name, string Value)[] variables, string redirections = "")
    {
        var start = new ProcessStartInfo("bash", ["-c", $"exec dotnet \"$@\" {redirections}", "bash", .. Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in Variables) start.Environment.Remove(name);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static async Task<Dictionary<string, string>> EnvironmentAsync(Process program, Func<Dictionary<string, string>, bool> ready)
    {
        while (true)
        {
            program.HasExited.ShouldBeFalse("the program ended before it was restarted");
            string[] lines = (await File.ReadAllTextAsync($"/proc/{program.Id}/environ", TestContext.Current.CancellationToken))
                .Split('\0', StringSplitOptions.RemoveEmptyEntries);
            var found = lines.Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0])
                .ToDictionary(pair => pair[0], pair => pair[1]);
            if (ready(found)) return found;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
