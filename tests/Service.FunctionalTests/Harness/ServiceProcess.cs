using System.Diagnostics;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>The real service, <c>locutor serve</c>, which tests can kill and start again.</summary>
public sealed class ServiceProcess : TestedService
{
    private readonly string program;
    private readonly bool ownsData;
    private Process? process;

    private ServiceProcess(
        string program, string data, string[] options, IReadOnlyDictionary<string, string> environment, bool ownsData = true)
        : base(program, data, options, environment) => (this.program, this.ownsData) = (program, ownsData);

    /// <summary>The program with the stub generator (tests/StubService).</summary>
    public static string StubProgram { get; } = Path.Combine(AppContext.BaseDirectory, "Locutor.StubService");

    /// <summary>The program that users run.</summary>
    public static string RealProgram { get; } = Path.Combine(AppContext.BaseDirectory, "locutor");

    /// <summary>The errors in the log, a line each.</summary>
    public string Errors =>
        string.Join('\n', Log.Split('\n').Where(static line => line.Contains("fail: ", StringComparison.Ordinal)));

    public int ProcessId => process!.Id;

    /// <summary>Starts the service with the stub generator and waits until it is ready.</summary>
    public static Task<ServiceProcess> StartAsync(params string[] options) => StartAsync(new Dictionary<string, string>(), options);

    /// <summary>Returns the service with the stub generator and an empty data folder. It is not started yet.</summary>
    public static ServiceProcess Create(params string[] options) =>
        new(StubProgram, NewFolder(), options, new Dictionary<string, string>());

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
        var service = new ServiceProcess(program, NewFolder(), options, environment);
        await service.StartAgainAsync();
        return service;
    }

    /// <summary>Another service over the same data folder, as a second machine that shares it.</summary>
    public async Task<ServiceProcess> StartAnotherAsync()
    {
        var other = new ServiceProcess(program, Data, Options, Environment, ownsData: false);
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
        foreach (string argument in new[] { "serve", "--data", Data, "--urls", Url }.Concat(Options).Concat(more))
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await UntilReadyAsync(() => process.HasExited);
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

    public override async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
            await KillAsync();
        if (ownsData) await DeleteDataAsync();
    }
}
