using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>The metrics that Prometheus reads, and the alerts and the dashboard in deploy/ that use them.</summary>
public sealed partial class MetricsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Deploy = Path.Combine(TestEnvironment.Checkout, "deploy");

    /// <summary>Made by Prometheus itself for each node.</summary>
    private static readonly string[] OfPrometheus = ["up"];

    [Fact]
    public async Task A_job_is_measured_by_model_and_stage_and_the_names_keep_to_the_conventions()
    {
        await using var service = await ServiceProcess.StartAsync(
            "--no-auth", "--allow-private-addresses", "--set", "stub_seconds=0.3", "--set", "clean_seconds=0.2");
        using var client = new TokenClient(service.Url, "-", "-");
        string metrics = await AfterJobAsync(service, client);

        metrics.ShouldContain(Line("locutor_jobs_submitted_total", "", "1"));
        metrics.ShouldContain(Line("locutor_jobs_finished_total", "code=\"none\",status=\"succeeded\"", "1"));
        metrics.ShouldContain(Line("locutor_job_wait_seconds_count", "model=\"stub\"", "1"));
        metrics.ShouldContain(Line("locutor_job_duration_seconds_count", "model=\"stub\"", "1"));
        foreach (string? stage in new[] { "loading", "encoding", "denoising", "muxing" })
            metrics.ShouldContain(Line("locutor_job_stage_duration_seconds_count", $"model=\"stub\",stage=\"{stage}\"", "1"));
        metrics.ShouldContain(Line("locutor_model_load_duration_seconds_count", "device=\"cpu\",model=\"stub\"", "1"));
        metrics.ShouldContain(Line("locutor_fetches_total", "outcome=\"ok\"", "2"));
        metrics.ShouldContain(Line(
            "locutor_fetched_bytes_total", "",
            (Samples.Picture.Length + Samples.VoiceOfASecond.Length).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        metrics.ShouldContain(Line("locutor_webhooks_sent_total", "outcome=\"delivered\"", "1"));
        metrics.ShouldContain("locutor_job_wait_seconds_bucket{otel_scope_name=\"Locutor\",model=\"stub\",le=\"86400\"} 1");
        double duration = Value(metrics, "locutor_job_duration_seconds_sum");
        duration.ShouldBeGreaterThan(Value(metrics, "locutor_job_wait_seconds_sum"));
        Value(metrics, "locutor_disk_quota_bytes").ShouldBe(100e9);

        var complaints = (await RunAsync("promtool", metrics, "check", "metrics")).Split('\n')
            .Where(line => line.StartsWith("locutor", StringComparison.Ordinal));
        complaints.ShouldBeEmpty();
        await AlertsAndDashboardAsync(metrics);
    }

    [Fact]
    public async Task Every_node_shows_the_figures_of_the_whole_cluster()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await ServiceProcess.StartAsync(
            environment, "--set", "stub_seconds=600", "--set", "workers=cpu", "--set", "drain_seconds=0");
        using var client = first.CreateClient(TokenScopes.All);
        await using var second = await first.StartAnotherAsync();
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        for (int i = 0; i < 5; i++)
            await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);

        foreach (var node in new[] { client, other })
        {
            // Metrics are some seconds old: the first ones may be from the time between two submissions.
            string metrics = await UntilAsync(
                node,
                metrics => metrics.Contains(Line("locutor_queue_running", "", "2"), StringComparison.Ordinal)
                    && metrics.Contains(Line("locutor_queue_waiting", "", "3"), StringComparison.Ordinal)
                && metrics.Contains(Line("locutor_workers", "state=\"working\"", "2"), StringComparison.Ordinal)
                && Value(metrics, "locutor_queue_figures_age_seconds") < 10);
            metrics.ShouldContain(Line("locutor_workers", "state=\"set_aside\"", "0"));
        }
    }

    /// <summary>A job with inputs to fetch and a webhook is over, and the metrics have it.</summary>
    private static async Task<string> AfterJobAsync(ServiceProcess service, TokenClient client)
    {
        await using var picture = LoopbackServer.Serving("127.0.0.1", Samples.Picture);
        await using var voice = LoopbackServer.Serving("127.0.0.1", Samples.VoiceOfASecond);
        using var response = await client.PostJsonAsync(
            "/v1/jobs", new { image = picture.Url + "/p.png", audio = voice.Url + "/v.wav", webhook = picture.Url + "/told" });
        string id = (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!;
        (await client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded", service.Log);
        return await UntilAsync(
            client,
            metrics => metrics.Contains(Line("locutor_webhooks_sent_total", "outcome=\"delivered\"", "1"), StringComparison.Ordinal)
                && metrics.Contains("locutor_model_load_duration_seconds_count", StringComparison.Ordinal)
                && Value(metrics, "locutor_disk_used_bytes") > Samples.Picture.Length);
    }

    private static async Task AlertsAndDashboardAsync(string metrics)
    {
        var names = Names().Matches(metrics).Select(match => match.Groups[1].Value).Concat(OfPrometheus).ToHashSet();
        string folder = Directory.CreateTempSubdirectory("locutor-rules-").FullName;
        string alerts = await File.ReadAllTextAsync(Path.Combine(Deploy, "prometheus", "locutor-alerts.yml"));
        await File.WriteAllTextAsync(Path.Combine(folder, "locutor-alerts.yml"), alerts);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Operations", "locutor-alerts.test.yml"), Path.Combine(folder, "test.yml"));
        string[] expressions = Expression().Matches(alerts).Select(match => match.Groups[1].Value).Concat(DashboardExpressions()).ToArray();
        // The dashboard's expressions as rules, so that promtool parses them.
        var rules = expressions.Select(
            (expression, number) => new
            {
                record = $"test:{number}",
                expr = expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal),
            });
        await File.WriteAllTextAsync(
            Path.Combine(folder, "all.yml"), JsonSerializer.Serialize(new { groups = new[] { new { name = "all", rules } } }));
        expressions.Length.ShouldBeGreaterThan(30);
        foreach (string? expression in expressions)
            Used().Matches(expression).Select(match => match.Value).ShouldBeSubsetOf(names, expression);

        await RunAsync("promtool", "", "check", "rules", Path.Combine(folder, "locutor-alerts.yml"), Path.Combine(folder, "all.yml"));
        await RunAsync("promtool", "", "test", "rules", Path.Combine(folder, "test.yml"));
        await RunAsync("promtool", "", "check", "config", "--syntax-only", Path.Combine(Deploy, "prometheus", "prometheus.yml"));
        Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<string> DashboardExpressions()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Deploy, "grafana", "locutor.json")));
        return [
            .. dashboard.RootElement.GetProperty("panels").EnumerateArray()
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
                .Select(target => target.GetProperty("expr").GetString()!)
        ];
    }

    private static async Task<string> UntilAsync(TokenClient client, Func<string, bool> holds)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            string metrics = await client.Http.GetStringAsync("/metrics");
            if (holds(metrics))
                return metrics;
            clock.Elapsed.ShouldBeLessThan(Patience, metrics);
        }
    }

    private static string Line(string name, string labels, string value) =>
        $"{name}{{otel_scope_name=\"Locutor\"{(labels.Length > 0 ? "," + labels : "")}}} {value}\n";

    private static double Value(string metrics, string name) =>
        Regex.Match(metrics, $@"^{name}(?:\{{[^}}]*\}})? (\S+)", RegexOptions.Multiline) is { Success: true } found
            ? double.Parse(found.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)
            : 0;

    private static async Task<string> RunAsync(string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(Patience);
        string said = await output + await error;
        // "check metrics" has the exit code 3 if it has only warnings about names.
        process.ExitCode.ShouldBeOneOf(arguments[1] == "metrics" ? [0, 3] : [0], said);
        return said;
    }

    /// <summary>Names of metrics at the beginnings of lines.</summary>
    [GeneratedRegex(@"^(\w+)(?:\{.*\})? ", RegexOptions.Multiline)]
    private static partial Regex Names();

    /// <summary>Expressions of the rules; each is on one line.</summary>
    [GeneratedRegex(@"^ +expr: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Expression();

    /// <summary>Names of metrics in an expression.</summary>
    [GeneratedRegex(@"\b(?:up(?=\{)|locutor_\w+|http_\w+(?=\{|\[)|dotnet_\w+)")]
    private static partial Regex Used();
}
