using System.Diagnostics;
using System.Globalization;

namespace Locutor.Tests;

/// <summary>A PostgreSQL server with an empty database, from the Debian package.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Seconds that a start or a stop may take on a busy machine; the tool's own limit is 60.</summary>
    private const string Patience = "300";

    private static readonly string Tools = Directory.GetDirectories("/usr/lib/postgresql").Order().Last() + "/bin";

    /// <summary>An empty cluster, made once for all servers of a test program: making one takes a second.</summary>
    private static readonly Lazy<Task<string>> Empty = new(MakeEmptyAsync);

    private readonly string folder;
    private readonly int port;

    private PostgresServer(string folder, int port)
    {
        (this.folder, this.port) = (folder, port);
        ConnectionString = $"Host=127.0.0.1;Port={port};Username=locutor;Database=postgres";
    }

    public string ConnectionString { get; }

    public static async Task<PostgresServer> StartAsync(int port)
    {
        string folder = MemoryFolder.Create("locutor-postgres-"); // a server has a thousand files
        var server = new PostgresServer(folder, port);
        if (Environment.UserName == "root")
            await RunAsync("chown", "postgres", folder);
        await RunAsync("cp", "-a", await Empty.Value, folder + "/data");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Ends the server like a crash: connections break and nothing more is written.</summary>
    public Task StopAsync() => ToolAsync("pg_ctl", "-D", folder + "/data", "-m", "immediate", "-t", Patience, "stop");

    /// <summary>Pauses all processes of the server (SIGSTOP): connections stay open, and no request is answered.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets a frozen server run again.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    private async Task SignalAsync(string signal)
    {
        string server = (await File.ReadAllLinesAsync(folder + "/data/postmaster.pid"))[0];
        // The main process first, so that it cannot start others meanwhile.
        await RunAsync("kill", "-" + signal, server);
        await RunAsync("pkill", "-" + signal, "-P", server);
    }

    /// <summary>Starts it over the same data.</summary>
    public Task StartAgainAsync() => ToolAsync("pg_ctl", "-D", folder + "/data", "-l", folder + "/log", "-w", "-t", Patience, "-o",
        $"-p {port.ToString(CultureInfo.InvariantCulture)} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}",
        "start");

    public async ValueTask DisposeAsync()
    {
        Npgsql.NpgsqlConnection.ClearAllPools();
        await StopAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string> MakeEmptyAsync()
    {
        string folder = MemoryFolder.Create("locutor-postgres-empty-"), data = folder + "/data";
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        if (Environment.UserName == "root")
            await RunAsync("chown", "postgres", folder);
        // Without this locale, initdb fails on machines where the locale of the environment is not installed.
        await ToolAsync("initdb", "-D", data, "-U", "locutor", "-A", "trust", "--no-sync", "--locale=C", "--encoding=UTF8",
            "--wal-segsize=1"); // MiB; each server copies the log file, 16 MiB by default
        return data;
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static Task ToolAsync(string name, params string[] arguments) => Environment.UserName == "root"
        ? RunAsync("runuser", ["-u", "postgres", "--", $"{Tools}/{name}", .. arguments])
        : RunAsync($"{Tools}/{name}", arguments);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/tmp" })!;
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}");
    }
}
