using System.Diagnostics;
using System.Globalization;
using Locutor.Cli.Commands;
using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Deploy;

/// <summary>The unit for systemd: systemd itself checks it, and its settings and command are those of the program.</summary>
public sealed class SystemdTests
{
    private static string Unit { get; } = File.ReadAllText(
        Path.Combine(TestEnvironment.Checkout, "deploy", "systemd", "locutor.service"));

    [Fact]
    public async Task Systemd_accepts_every_line_of_the_unit()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "systemd is not installed");
        string folder = Directory.CreateTempSubdirectory("locutor-unit-").FullName;
        string file = Path.Combine(folder, "locutor.service");
        // systemd also looks for the program, which is not installed here.
        await File.WriteAllTextAsync(file, Unit.Replace("/opt/locutor/locutor", "/bin/true"), TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo("systemd-analyze", ["verify", file]) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        string messages = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Directory.Delete(folder, recursive: true);
        // Other units of the machine can have messages too.
        messages.Split('\n').ShouldAllBe(line => !line.Contains("locutor.service", StringComparison.Ordinal), messages);
    }

    [Fact]
    public void The_command_and_the_settings_exist_and_a_stop_leaves_time_for_the_drain()
    {
        var settings = new ServeSettings();
        var variables = Values("Environment").Select(value => value.Split('=', 2)).ToLookup(pair => pair[0] == "HOME");
        variables[true].Single()[1].ShouldBe($"/var/lib/{Values("StateDirectory").Single()}", "models and cache must be writable");
        foreach (string[] pair in variables[false])
        {
            pair[0].ShouldStartWith("LOCUTOR_");
            settings = SettingsTable.Apply(settings, pair[0][8..].ToLowerInvariant(), pair[1]);
        }
        double stop = double.Parse(Values("TimeoutStopSec").Single(), CultureInfo.InvariantCulture);
        stop.ShouldBeGreaterThanOrEqualTo(settings.DrainSeconds + 20);
        settings.Data.ShouldBe($"/var/lib/{Values("StateDirectory").Single()}", "the only folder that systemd lets the program write to");
        string[] words = Values("ExecStart").Single().Split(' ');
        words[1].ShouldBe("serve");
        var making = StubMaking.Create(seconds: 0);
        ServeCommand.Create(making).Parse(words[2..]).Errors.ShouldBeEmpty();
    }

    private static IEnumerable<string> Values(string field) => Unit.Split('\n')
        .Where(line => line.StartsWith(field + "=", StringComparison.Ordinal)).Select(line => line[(field.Length + 1)..].Trim());
}
