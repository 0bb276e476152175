using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Locutor.Service.FunctionalTests.Settings;

public sealed class SettingsTests
{
    [Fact]
    public void The_documented_table_is_the_programs()
    {
        string table = string.Join('\n', SettingsTable.All.Select(setting =>
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
        var settings = Load(
            """
            {
              // Comments are allowed.
              "max_queued": 1, "keep_days": 2, "lease_seconds": 3, "allow_addresses": ["10.0.0.0/8", "fd00::/8"], "vram_budget": 24,
            }
            """,
            [new("LOCUTOR_KEEP_DAYS", "20"), new("LOCUTOR_LEASE_SECONDS", "30"), new("LOCUTOR_TORCH", "/elsewhere")],
            [new("lease_seconds", "40")]);
        (settings.MaxQueued, settings.KeepDays, settings.LeaseSeconds, settings.AllowAddresses.Count, settings.VramBudget)
            .ShouldBe((1, 20, 40, 2, "24"));
    }

    [Theory]
    [InlineData("""{ "max_qeued": 5 }""", "unknown setting 'max_qeued'; did you mean max_queued")]
    [InlineData("""{ "keep_days": 0 }""", "keep_days: expected a number from 0.00001 to 36500, found '0'")]
    [InlineData("""{ "keep_days": { "days": 1 } }""", "keep_days: expected a number")]
    [InlineData("""[ "keep_days" ]""", "expected a JSON object of settings: ")]
    [InlineData("""{ "keep_days": """, "expected a JSON object of settings: ")]
    public void A_fault_of_the_settings_file_is_reported_with_its_path(string json, string message) =>
        Should.Throw<SettingsException>(() => Load(json, [], [])).Message.ShouldContain($"locutor.json: {message}");

    [Fact]
    public void Unknown_names_are_refused_whatever_their_spelling()
    {
        Should.Throw<SettingsException>(() => Load("{}", [], [new("no:auth", "true")])).Message.ShouldStartWith("unknown setting 'no'");
        Should.Throw<SettingsException>(
            () => Load("{}", [], [new("MAX_QUEUED", "5")])).Message.ShouldStartWith("unknown setting 'MAX_QUEUED'");
    }

    /// <summary>The settings reach services as options, and a pair that does not go together keeps the service from starting.</summary>
    [Fact]
    public async Task Settings_are_options_that_are_checked_at_the_start()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-settings-").FullName;
        KeyValuePair<string, string>[] settings =
        [
            new("data", folder), new("workers", "none"), new("max_queued", "7")
        ];
        await using (var app = Build(SettingsConfiguration.From([.. settings, new("urls", "http://127.0.0.1:0")])))
        {
            app.Services.GetRequiredService<IOptions<ServeSettings>>().Value.MaxQueued.ShouldBe(7);
            app.Services.GetRequiredService<ServeSettings>().ShouldBeSameAs(
                app.Services.GetRequiredService<IOptions<ServeSettings>>().Value);
            app.Configuration["Locutor:max_queued"].ShouldBe("7");
        }
        var open = SettingsConfiguration.From([.. settings, new("urls", "http://0.0.0.0:0"), new("no_auth", "true")]);
        Should.Throw<SettingsException>(() => Build(open)).Message.ShouldStartWith(
            "no_auth: expected loopback addresses only");
        var local = SettingsConfiguration.From([.. settings, new("urls", "http://127.0.0.1:0"), new("s3_endpoint", "https://s3.example")]);
        Should.Throw<SettingsException>(() => Build(local)).Message.ShouldStartWith("s3_bucket: expected the name of a bucket");
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("max_queued", "0", "max_queued: expected a whole number from 1 to 1000000, found '0'")]
    [InlineData("data", "", "data: expected a folder, found ''")]
    [InlineData("no_auth", "maybe", "no_auth: expected true or false, found 'maybe'")]
    [InlineData("allow_addresses", "10.0.0.0/40", "allow_addresses: expected networks as 10.1.0.0/16, found '10.0.0.0/40'")]
    [InlineData("vram_budget", "plenty", "vram_budget: expected a number of GiB")]
    [InlineData("precision", "float64", "precision: expected one of auto, float32, bfloat16, float8, int8, found 'float64'")]
    [InlineData("max_qeued", "5", "unknown setting 'max_qeued'")]
    public void A_wrong_setting_is_named_with_what_was_expected(string name, string value, string message) =>
        Should.Throw<SettingsException>(() => SettingsTable.Apply(new ServeSettings(), name, value)).Message.ShouldStartWith(message);

    [Fact]
    public void A_setting_that_is_given_twice_has_its_last_value() =>
        Load("{}", [], [new("workers", "none"), new("max_queued", "7"), new("workers", "cpu,cpu")]).Workers.ShouldBe("cpu,cpu");

    private static WebApplication Build(IConfiguration configuration) =>
        LocutorServer.Build(configuration, ModelCatalog.FromDisk(SettingsTable.Read(configuration)));

    private static ServeSettings Load(
        string json, KeyValuePair<string, string>[] environment, KeyValuePair<string, string>[] options)
    {
        string folder = Directory.CreateTempSubdirectory("locutor-settings-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "locutor.json"), json);
            return SettingsTable.Read(SettingsConfiguration.Load(null, environment, [new("data", folder), .. options]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
