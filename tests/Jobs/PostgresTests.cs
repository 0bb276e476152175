using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

/// <summary>A PostgreSQL server of the test's own, from Debian's package.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _tools;

    private PostgresServer(string folder, string tools, int port)
    {
        (_folder, _tools) = (folder, tools);
        ConnectionString = $"Host=127.0.0.1;Port={port};Username=locutor;Database=postgres";
    }

    public string ConnectionString { get; }

    public static async Task<PostgresServer> StartAsync()
    {
        var tools = Directory.GetDirectories("/usr/lib/postgresql").Order().Last() + "/bin";
        var folder = Directory.CreateTempSubdirectory("locutor-postgres-").FullName;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var server = new PostgresServer(folder, tools, port);
        if (Environment.UserName == "root")
            await RunAsync("chown", "postgres", folder);
        await server.ToolAsync("initdb", "-D", folder + "/data", "-U", "locutor", "-A", "trust");
        await server.ToolAsync("pg_ctl", "-D", folder + "/data", "-l", folder + "/log", "-w", "-o",
            $"-p {port.ToString(CultureInfo.InvariantCulture)} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}", "start");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        Npgsql.NpgsqlConnection.ClearAllPools();
        await ToolAsync("pg_ctl", "-D", _folder + "/data", "-m", "immediate", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private Task ToolAsync(string name, params string[] arguments) => Environment.UserName == "root"
        ? RunAsync("runuser", ["-u", "postgres", "--", $"{_tools}/{name}", .. arguments])
        : RunAsync($"{_tools}/{name}", arguments);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/tmp" })!;
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}");
    }
}

public sealed class PostgresTests
{
    private static readonly JobsOptions Quick = new() { Sweep = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public async Task The_same_jobs_live_in_PostgreSQL_through_a_restart()
    {
        await using var server = await PostgresServer.StartAsync();
        var first = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => first.SubmitAsync("wk-a")));
        var done = (await first.LeaseAsync(seconds: 20))!;
        (await first.Job(done.Id).SucceedAsync(1, new JobResult { Path = "results/1.mp4" })).ShouldBeTrue();
        await first.Job(ids.First(id => id != done.Id)).CancelAsync();
        await first.StopAsync();

        await using var second = await TestSilo.StartAsync(Quick, first.Folder, server.ConnectionString);
        (await second.Job(done.Id).GetAsync())!.Result!.Path.ShouldBe("results/1.mp4");
        var left = ids.ToHashSet();
        left.Remove(done.Id);
        left.Remove(ids.First(id => id != done.Id));
        while (left.Count > 0)
        {
            var job = (await second.LeaseAsync(seconds: 20)).ShouldNotBeNull();
            left.Remove(job.Id).ShouldBeTrue();
            (await second.Job(job.Id).SucceedAsync(job.Attempt, new JobResult())).ShouldBeTrue();
        }
        (await second.Job(done.Id).DeleteAsync()).ShouldBeTrue();
        (await second.Job(done.Id).GetAsync()).ShouldBeNull();
        (await second.Grains.GetGrain<ITokenIndexGrain>("wk-a").ListAsync(null, 200, null)).Entries.Length.ShouldBe(99);
    }

    [Fact]
    public async Task Two_machines_share_one_queue_and_the_tokens()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var first = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        await using var second = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        var id = await first.SubmitAsync("wk-a");
        var leased = (await second.LeaseAsync(seconds: 20)).ShouldNotBeNull();
        leased.Id.ShouldBe(id);
        (await second.Job(id).SucceedAsync(1, new JobResult { Path = "results/2.mp4" })).ShouldBeTrue();
        (await first.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Succeeded);
        var made = Hosting.JobsHosting.OpenTokens(new Hosting.ClusterOptions { DataFolder = first.Folder, Postgres = server.ConnectionString })
            .Create("shared", Tokens.TokenScopes.All, null, null);
        Hosting.JobsHosting.OpenTokens(new Hosting.ClusterOptions { DataFolder = second.Folder, Postgres = server.ConnectionString })
            .Authenticate(made.Token.KeyId, made.Secret).ShouldNotBeNull();
    }
}
