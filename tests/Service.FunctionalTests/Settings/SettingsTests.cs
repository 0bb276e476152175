using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Settings;

public sealed class SettingsTests
{
    [Fact]
    public void The_documented_table_is_the_programs()
    {
        var table = string.Join('\n', SettingsTable.All.Select(setting =>
            $"| `{setting.Name}` | {Default(setting)} | {setting.Help} |"));
        File.ReadAllText(Path.Combine(TestEnvironment.Checkout, "docs", "service.md"))
            .ShouldContain($"| setting | default | |\n|---|---|---|\n{table}\n");

        static string Default(Setting setting) => setting.Name == "data" ? "`~/.local/share/locutor`"
            : setting.Show(new ServeSettings()) is { Length: > 0 } value ? $"`{value}`"
            : "";
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        var folder = Directory.CreateTempSubdirectory("locutor-settings-").FullName;
        File.WriteAllText(
            Path.Combine(folder, "locutor.json"),
            """
            {
              "max_queued": 1, "keep_days": 2, "lease_seconds": 3, "allow_addresses": ["10.0.0.0/8", "fd00::/8"], "vram_budget": 24
            }
            """);
        var settings = SettingsLoader.Load(
            null,
            [new("LOCUTOR_KEEP_DAYS", "20"), new("LOCUTOR_LEASE_SECONDS", "30"), new("LOCUTOR_TORCH", "/elsewhere")],
            [new("data", folder), new("lease_seconds", "40")]);
        (settings.MaxQueued, settings.KeepDays, settings.LeaseSeconds, settings.AllowAddresses.Count, settings.VramBudget)
            .ShouldBe((1, 20, 40, 2, "24"));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("max_queued", "0", "max_queued: expected a whole number from 1 to 1000000, found '0'")]
    [InlineData("no_auth", "maybe", "no_auth: expected true or false, found 'maybe'")]
    [InlineData("allow_addresses", "10.0.0.0/40", "allow_addresses: expected networks as 10.1.0.0/16, found '10.0.0.0/40'")]
    [InlineData("vram_budget", "plenty", "vram_budget: expected a number of GiB")]
    [InlineData("precision", "float64", "precision: expected one of auto, float32, bfloat16, float8, int8, found 'float64'")]
    [InlineData("max_qeued", "5", "unknown setting 'max_qeued'")]
    public void A_wrong_setting_is_named_with_what_was_expected(string name, string value, string message) =>
        Should.Throw<SettingsException>(() => SettingsTable.Apply(new ServeSettings(), name, value)).Message.ShouldStartWith(message);
}
