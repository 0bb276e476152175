using System.Diagnostics;
using System.Text;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>The real service, <c>locutor serve</c>, on a port of its own over a data folder of its own.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private readonly StringBuilder log = new();
    private readonly string program;
    private readonly string[] options;
    private readonly IReadOnlyDictionary<string, string> environment;
    private readonly bool ownsData;
    private Process? process;

    private ServiceProcess(
        string program, string data, string[] options, IReadOnlyDictionary<string, string> environment, bool ownsData = true)
    {
        this.ownsData = ownsData;
        this.program = program;
        Data = data;
        this.options = options;
        this.environment = environment;
        Url = $"http://127.0.0.1:{FreePort.Take()}";
    }

    /// <summary>The program with the stub generator (tests/StubService).</summary>
    public static string StubProgram { get; } = Path.Combine(AppContext.BaseDirectory, "Locutor.StubService");

    /// <summary>The program that users run.</summary>
    public static string RealProgram { get; } = Path.Combine(AppContext.BaseDirectory, "locutor");

    public string Data { get; }

    public string Url { get; }

    /// <summary>
    /// Waits until a folder of the data folder has no files. Some are deleted a moment after the answer, for example the other input of a
    /// job that is refused because of one.
    /// </summary>
    public async Task EmptiesAsync(string folder)
    {
        string path = Path.Combine(Data, folder);
        for (var clock = Stopwatch.StartNew(); Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Any(); await Task.Delay(20))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), $"there are files in {folder}");
    }

    public int ProcessId => process!.Id;

    /// <summary>Told every line that the program prints.</summary>
    public event Action<string>? Printed;

    /// <summary>The output of the program so far.</summary>
    public string Log
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    /// <summary>The errors in the log, a line each.</summary>
    public string Errors =>
        string.Join('\n', Log.Split('\n').Where(static line => line.Contains("fail: ", StringComparison.Ordinal)));

    /// <summary>Starts the service with the stub generator and waits until it is ready.</summary>
    public static Task<ServiceProcess> StartAsync(params string[] options) => StartAsync(new Dictionary<string, string>(), options);

    /// <summary>Returns the service with the stub generator and an empty data folder. It is not started yet.</summary>
    public static ServiceProcess Create(params string[] options) =>
        new(StubProgram, Directory.CreateTempSubdirectory("locutor-service-").FullName, options, new Dictionary<string, string>());

    /// <summary>Starts the service with variables of the environment.</summary>
    public static Task<ServiceProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] options) =>
        StartAsync(StubProgram, environment, options);

    /// <summary>Starts the program that users run, whose networks make the videos.</summary>
    public static Task<ServiceProcess> StartRealAsync(params string[] options) => StartRealAsync(new Dictionary<string, string>(), options);

    /// <summary>Starts the program that users run with variables of the environment.</summary>
    public static Task<ServiceProcess> StartRealAsync(IReadOnlyDictionary<string, string> environment, params string[] options) =>
        StartAsync(RealProgram, environment, options);

    private static async Task<ServiceProcess> StartAsync(string program, IReadOnlyDictionary<string, string> environment, string[] options)
    {
        var service = new ServiceProcess(program, Directory.CreateTempSubdirectory("locutor-service-").FullName, options, environment);
        await service.StartAgainAsync();
        return service;
    }

    /// <summary>Another service over the same data folder, as a second machine that shares it.</summary>
    public async Task<ServiceProcess> StartAnotherAsync()
    {
        var other = new ServiceProcess(program, Data, options, environment, ownsData: false);
        await other.StartAgainAsync();
        return other;
    }

    /// <summary>Starts again over the same data; later options win over those of the first start.</summary>
    public async Task StartAgainAsync(params string[] more)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Data,
        };
        foreach (string argument in new[] { "serve", "--data", Data, "--urls", Url }.Concat(options).Concat(more))
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var client = new HttpClient { BaseAddress = new Uri(Url) };
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                if ((await client.GetAsync("/readyz")).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
            }
            if (process.HasExited || clock.Elapsed > TimeSpan.FromSeconds(150))
                throw new InvalidOperationException($"the service did not get ready:\n{Log}");
        }
    }

    /// <summary>Runs another verb over the same data folder.</summary>
    public Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunWithAsync(environment, arguments);

    /// <summary>Runs another verb over the same data folder with other variables of the environment.</summary>
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
        var cluster = new ClusterOptions { DataFolder = Data, Postgres = environment.GetValueOrDefault("LOCUTOR_POSTGRES") };
        var made = JobsHosting.OpenTokens(cluster).Create(name, scopes, null, TokenQuota.Default);
        // An open connection would keep the log of SQLite alive when the service is killed, and delay the stop of PostgreSQL.
        SqliteConnection.ClearAllPools();
        NpgsqlConnection.ClearAllPools();
        return new TokenClient(Url, made.Token.KeyId, made.Secret);
    }

    /// <summary>Makes a token with the program and gives a client that sends it.</summary>
    public async Task<TokenClient> TokenAsync(params string[] options)
    {
        var (code, output, error) = await RunAsync(["tokens", "create", .. options]);
        code.ShouldBe(0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2, output);
        return new TokenClient(Url, Value(lines[0], "Modal-Key: wk-"), Value(lines[1], "Modal-Secret: ws-"));
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>SIGTERM; the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await AskToStopAsync();
        return await ExitAsync();
    }

    /// <summary>SIGTERM, without waiting for the end.</summary>
    public async Task AskToStopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the end; the exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(120));
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
            await KillAsync();
        for (int attempt = 0; ownsData && Directory.Exists(Data); attempt++)
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

    private void Note(string? line)
    {
        if (line is null)
            return;
        lock (log)
            log.AppendLine(line);
        Printed?.Invoke(line);
    }
}
