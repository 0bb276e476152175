using Locutor.Jobs.Hosting;
using Locutor.Service.FunctionalTests.Harness;
using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>A service that was started once and has stopped, for tests that need its data folder.</summary>
public sealed class StoppedService : IAsyncLifetime
{
    public LocalService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        await Service.StopAsync();
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}

/// <summary><c>serve --check</c> finds what would keep the service from working, and a plain start says it in one sentence.</summary>
public sealed class CheckTests(StoppedService stopped) : IClassFixture<StoppedService>
{
    private const int Failed = 5;
    private const int CannotStart = 4;
    private const int WrongUse = 2;
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task A_running_service_a_missing_device_and_a_misspelt_setting_are_found()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        var slip = new Dictionary<string, string> { ["LOCUTOR_QUOTA_GBB"] = "5", ["LOCUTOR_SOMETHING_ELSE"] = "1" };
        var (code, output, _) = await CheckAsync(service, slip, "--urls", service.Url + ";http://192.0.2.1:80", "--workers", "cuda:99");
        code.ShouldBe(Failed, output);
        output.ShouldContain("FAILURE  settings    LOCUTOR_QUOTA_GBB is not a variable of this program; did you mean LOCUTOR_QUOTA_GB?");
        output.ShouldContain("warning  settings    LOCUTOR_SOMETHING_ELSE is not a variable of this program");
        output.ShouldContain($"FAILURE  addresses   another program listens on {service.Url["http://".Length..]} already");
        output.ShouldContain("FAILURE  addresses   this machine has no address 192.0.2.1");
        output.ShouldContain(
            $"FAILURE  data        {service.Data} is used by another service (host {Environment.MachineName}, process " +
            $"{Environment.ProcessId},");
        output.ShouldContain("FAILURE  workers     there is no cuda:99: this machine shows ");

        await service.StopAsync();
        (code, output, _) = await CheckAsync(service, Nothing, "--urls", service.Url, "--workers", "cpu");
        code.ShouldBe(0, output);
        output.ShouldContain("ok       settings    all settings are known and compatible");
        output.ShouldContain($"ok       addresses   the service can listen on {service.Url}");
        output.ShouldContain("ok       database    SQLite, schema version ");
    }

    [Theory]
    [InlineData("urls", "foo", "urls: expected addresses as http://127.0.0.1:8080, separated by semicolons, found 'foo'")]
    [InlineData(
        "urls", "http://127.0.0.1:80800",
        "urls: expected addresses as http://127.0.0.1:8080, separated by semicolons, found 'http://127.0.0.1:80800'")]
    [InlineData("urls", "http://0.0.0.0:8080", "no_auth: expected loopback addresses only, found http://0.0.0.0:8080")]
    [InlineData(
        "urls", "https://127.0.0.1:8443",
        "urls: this program has no certificate for https://127.0.0.1:8443; listen on http and put a TLS proxy in front")]
    [InlineData("workers", "gpu0", "workers: expected auto, none, cpu or cuda:0,cuda:1, found 'gpu0'")]
    public async Task A_wrong_setting_is_reported_by_the_check_and_at_the_start(string name, string value, string sentence)
    {
        var service = stopped.Service;
        var (code, output, _) = await CheckAsync(service, Nothing, "--set", $"{name}={value}");
        code.ShouldBe(Failed, output);
        output.ShouldContain("FAILURE  settings    " + sentence);
        (code, _, string error) = await service.CommandAsync("serve", "--no-auth", "--set", $"{name}={value}");
        code.ShouldBe(WrongUse, error);
        error.ShouldStartWith("locutor: " + sentence);
        error.Trim().ShouldNotContain('\n');
    }

    [Fact]
    public async Task A_port_in_use_is_reported_in_one_sentence_at_the_start()
    {
        await using var other = LoopbackServer.Serving("127.0.0.1", []);
        var service = stopped.Service;
        foreach (string[] options in
                new[] { new[] { "--urls", other.Url }, ["--urls", service.Url, "--set", "gateway_port=" + new Uri(other.Url).Port] })
        {
            var (code, output, error) = await service.RunAsync(["serve", "--no-auth", .. options]);
            code.ShouldBe(CannotStart, output + error);
            output.ShouldBeEmpty();
            error.ShouldStartWith(
                $"locutor: the service cannot start: another program listens on 127.0.0.1:{new Uri(other.Url).Port} already; stop " +
                "that program, or use another port: --");
            error.Trim().ShouldNotContain('\n');
        }
    }

    [Fact]
    public async Task A_database_that_does_not_answer_and_one_of_another_store_are_found()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var owner = await LocalService.StartAsync(environment, "--no-auth", "--set", "workers=none");
        await using var stranger = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        await owner.StopAsync();
        await stranger.StopAsync();

        var (code, output, _) = await CheckAsync(owner, environment, "--urls", owner.Url);
        code.ShouldBe(0, output);
        output.ShouldContain("ok       database    PostgreSQL, schema version ");
        (code, output, _) = await CheckAsync(stranger, environment, "--urls", owner.Url);
        code.ShouldBe(Failed, output);
        output.ShouldContain("FAILURE  files       ");
        output.ShouldContain("is not the store of this service");
        File.Delete(Path.Combine(owner.Data, "cluster.pem"));
        (code, output, _) = await CheckAsync(owner, environment, "--urls", owner.Url, "--set", "cluster_address=192.0.2.1");
        code.ShouldBe(Failed, output);
        output.ShouldContain("FAILURE  addresses   this machine has no address 192.0.2.1");
        output.ShouldContain("FAILURE  cluster     there is no " + Path.Combine(owner.Data, "cluster.pem"));
        await database.StopAsync();
        (code, output, _) = await CheckAsync(owner, environment, "--urls", owner.Url);
        code.ShouldBe(Failed, output);
        output.ShouldContain("FAILURE  database    PostgreSQL: ");
        await database.StartAgainAsync();
    }

    [Fact]
    public void Every_variable_that_the_program_names_is_known()
    {
        string root = Path.Combine(TestEnvironment.Checkout, "src");
        foreach (string file in
                Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                    .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)))
        {
            foreach (System.Text.RegularExpressions.Match name in
                    System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(file), "\"(LOCUTOR_[A-Z0-9_]+[A-Z0-9])\""))
            {
                EnvironmentNames.IsRead(name.Groups[1].Value).ShouldBeTrue($"{file} names {name}, which EnvironmentNames does not know");
            }
        }
    }

    private static Task<(int Code, string Output, string Error)> CheckAsync(
        LocalService service, Dictionary<string, string> environment, params string[] options) =>
        environment.Count == 0
            ? service.CommandAsync(["serve", "--check", "--no-auth", .. options])
            : service.RunWithAsync(environment, ["serve", "--check", "--no-auth", .. options]);
}
