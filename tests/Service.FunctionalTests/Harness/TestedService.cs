using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Locutor.Cli;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// A service on a port of its own over a data folder: a process (<see cref="ServiceProcess"/>) or a part of the test program
/// (<see cref="LocalService"/>).
/// </summary>
public abstract class TestedService : IAsyncDisposable
{
    private readonly StringBuilder log = new();
    private readonly string program;

    private protected TestedService(
        string program, string data, string[] options, IReadOnlyDictionary<string, string> environment, string? url = null)
    {
        this.program = program;
        (Data, Options, Environment) = (data, options, environment);
        Url = url ?? $"http://127.0.0.1:{FreePort.Take()}";
    }

    public string Data { get; }

    public string Url { get; }

    internal string[] Options { get; }

    internal IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Raised for every line of the log.</summary>
    public event Action<string>? Printed;

    /// <summary>The log so far.</summary>
    public string Log
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    /// <summary>
    /// Waits until a folder of the data folder has no files. Some files are deleted a moment after the answer, for example those of a job
    /// that is refused because of another input.
    /// </summary>
    public async Task EmptiesAsync(string folder)
    {
        string path = Path.Combine(Data, folder);
        for (var clock = Stopwatch.StartNew(); Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Any(); await Task.Delay(20))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), $"there are files in {folder}");
    }

    /// <summary>
    /// Runs another command of the program over the same data folder, inside the test program. The settings are in the data folder and in
    /// the arguments alone.
    /// </summary>
    public async Task<(int Code, string Output, string Error)> CommandAsync(params string[] arguments)
    {
        Environment.ShouldBeEmpty("variables of the environment belong to all tests of this process");
        var said = await ConsoleCapture.RunAsync(
            () => LocutorProgram.RunAsync([.. arguments, "--data", Data], StubMaking.Create(seconds: 1)));
        SqliteConnection.ClearAllPools(); // as the end of a process would
        return said;
    }

    /// <summary>Runs another command of the program over the same data folder, as a process.</summary>
    public Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunWithAsync(Environment, arguments);

    /// <summary>Runs another command of the program over the same data folder, as a process with other variables.</summary>
    public async Task<(int Code, string Output, string Error)> RunWithAsync(
        IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, [.. arguments, "--data", Data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <summary>
    /// Creates a token in the database of the service and returns a client that sends it. A start of the program for each token would cost
    /// more CPU time than many tests; <see cref="TokenAsync"/> does that.
    /// </summary>
    public TokenClient CreateClient(TokenScopes scopes = TokenScopes.Submit | TokenScopes.Read, string name = "")
    {
        var cluster = new ClusterOptions { DataFolder = Data, Postgres = Environment.GetValueOrDefault("LOCUTOR_POSTGRES") };
        var made = JobsHosting.OpenTokens(cluster).Create(name, scopes, null, TokenQuota.Default);
        // An open connection would keep the log of SQLite alive when the service is killed, and delay the stop of PostgreSQL.
        SqliteConnection.ClearAllPools();
        NpgsqlConnection.ClearAllPools();
        return new TokenClient(Url, made.Token.KeyId, made.Secret);
    }

    /// <summary>Makes a token with the command and gives a client that sends it.</summary>
    public async Task<TokenClient> TokenAsync(params string[] options)
    {
        var (code, output, error) = await CommandAsync(["tokens", "create", .. options]);
        code.ShouldBe(0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2, output);
        return new TokenClient(Url, Value(lines[0], "Modal-Key: wk-"), Value(lines[1], "Modal-Secret: ws-"));
    }

    public abstract ValueTask DisposeAsync();

    private protected static string NewFolder() => Directory.CreateTempSubdirectory("locutor-service-").FullName;

    private protected void Note(string? line)
    {
        if (line is null)
            return;
        lock (log)
            log.AppendLine(line);
        Printed?.Invoke(line);
    }

    /// <summary>Waits until the service accepts requests.</summary>
    /// <param name="hasEnded">Whether the service has ended, so that it makes no sense to wait.</param>
    private protected async Task UntilReadyAsync(Func<bool> hasEnded)
    {
        using var client = new HttpClient { BaseAddress = new Uri(Url) };
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                if (await IsListeningAsync(client.BaseAddress.Port) && (await client.GetAsync("/readyz")).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
            }
            if (hasEnded() || clock.Elapsed > TimeSpan.FromSeconds(150))
                throw new InvalidOperationException($"the service did not get ready:\n{Log}");
        }
    }

    /// <summary>
    /// Returns whether a program listens at a port. A service that starts on a busy machine is asked a hundred times, and each request that
    /// is refused throws a dozen exceptions, one in each layer of HttpClient.
    /// </summary>
    private static async Task<bool> IsListeningAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var connecting = new SocketAsyncEventArgs { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, port) };
        connecting.Completed += (_, _) => ended.SetResult();
        if (socket.ConnectAsync(connecting))
            await ended.Task;
        return connecting.SocketError is SocketError.Success;
    }

    private protected async Task DeleteDataAsync()
    {
        for (int attempt = 0; Directory.Exists(Data); attempt++)
        {
            try
            {
                Directory.Delete(Data, recursive: true);
            }
            catch (IOException) when (attempt < 300)
            {
                // A worker of the killed service is still ending.
                await Task.Delay(100);
            }
        }
    }

    private static string Value(string line, string start)
    {
        line.ShouldStartWith(start);
        return line[(start.Length - 3)..].Trim();
    }
}
