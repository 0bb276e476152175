using Locutor.Jobs.Grains;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// The service inside the test program, for tests that do not kill it: a process would compile the same code once more at each start, which
/// costs ten times as much CPU time. Everything but the process is real: the port, the files, the database, the cluster. It can be a node
/// next to a process that is killed, or take over after it.
/// </summary>
public sealed class LocalService : TestedService
{
    private readonly bool isReal, ownsData;
    private WebApplication? app;
    private Task held = Task.CompletedTask;

    private LocalService(bool isReal, string data, string[] options, IReadOnlyDictionary<string, string> environment)
        : base(isReal ? ServiceProcess.RealProgram : ServiceProcess.StubProgram, data, options, environment) =>
        (this.isReal, ownsData) = (isReal, true);

    private LocalService(TestedService data, string[] options, string? url = null, bool isReal = false)
        : base(isReal ? ServiceProcess.RealProgram : ServiceProcess.StubProgram, data.Data, options, data.Environment, url) =>
        this.isReal = isReal;

    /// <summary>
    /// Starts a service with the options of <c>serve</c> and the workers that they name, by default one, with the stub generator.
    /// </summary>
    public static Task<LocalService> StartAsync(params string[] options) => StartAsync(new Dictionary<string, string>(), options);

    /// <summary>Starts a service with settings in variables of the environment too.</summary>
    public static Task<LocalService> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] options) =>
        StartAsync(new LocalService(isReal: false, NewFolder(), options, environment));

    /// <summary>Starts a service that offers the models on disk. It has no worker.</summary>
    public static Task<LocalService> StartRealAsync(IReadOnlyDictionary<string, string> environment, params string[] options) =>
        StartAsync(new LocalService(isReal: true, NewFolder(), [.. options, "--set", "workers=none"], environment));

    /// <summary>Another service over the same data folder, as a second machine that shares it.</summary>
    public Task<LocalService> StartAnotherAsync() => StartBesideAsync(this);

    /// <summary>Starts another service over the data folder of one that runs, as a second machine that shares it.</summary>
    public static Task<LocalService> StartBesideAsync(TestedService first) => StartAsync(new LocalService(first, first.Options));

    /// <summary>Starts another service over the data folder of one that offers the models on disk. It has no worker.</summary>
    public static Task<LocalService> StartRealBesideAsync(TestedService first) =>
        StartAsync(new LocalService(first, [.. first.Options, "--set", "workers=none"], isReal: true));

    /// <summary>
    /// Starts a service over the data and at the address of one that has ended; later options win over those of the first start. The
    /// other one deletes the data.
    /// </summary>
    public static Task<LocalService> TakeOverAsync(TestedService ended, params string[] more) =>
        StartAsync(new LocalService(ended, [.. ended.Options, .. more], ended.Url));

    /// <summary>Keeps the jobs of this service's workers unfinished until the result is set.</summary>
    public TaskCompletionSource HoldJobs()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        held = hold.Task;
        return hold;
    }

    /// <summary>Stops the service as a signal does.</summary>
    public async Task StopAsync()
    {
        if (app is null) return;
        app.Services.GetRequiredService<Drain>().Begin();
        await app.StopAsync();
        await app.DisposeAsync();
        app = null;
        SqliteConnection.ClearAllPools(); // An open connection would keep a database that is replaced.
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (ownsData) await DeleteDataAsync();
    }

    private static async Task<LocalService> StartAsync(LocalService service)
    {
        try
        {
            await service.StartAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync()
    {
        var given = new List<KeyValuePair<string, string>>();
        for (int i = 0; i < Options.Length; i++)
        {
            string[] pair = Options[i] == "--no-auth" ? ["no_auth", "true"] : Options[++i].Split('=', 2);
            given.Add(new(pair[0], pair[1]));
        }
        double seconds = given.Where(pair => pair.Key == "stub_seconds")
            .Select(pair => double.Parse(pair.Value, System.Globalization.CultureInfo.InvariantCulture)).LastOrDefault(1);
        int workers = WorkerSupervisor.Devices(
            given.Where(pair => pair.Key == "workers").Select(pair => pair.Value).LastOrDefault("cpu")).Count;
        var configuration = SettingsConfiguration.Load(
            null, Environment,
            [.. given.Where(pair => pair.Key != "stub_seconds"), new("workers", "none"), new("data", Data), new("urls", Url)]);
        var catalog = isReal ? ModelCatalog.FromDisk(SettingsTable.Read(configuration)) : StubCatalog.Create();
        app = LocutorServer.Build(configuration, catalog, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(new LogText(Note));
            builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
            builder.Services.AddTransient<IVideoRunner>(_ => new StubRunner(seconds, () => held)); // one for each worker
            for (int i = 0; i < workers; i++)
                builder.Services.AddSingleton<IHostedService, StubWorker>();
        });
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync(); // A stop of what was never started would hide the reason.
            app = null;
            throw;
        }
        await UntilReadyAsync(() => false);
    }

    /// <summary>The worker of a service in the test program.</summary>
    private sealed class StubWorker(
        IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store, ServeSettings settings, Drain drain,
        ILogger<WorkerLoop> logger) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield(); // The service starts in the meantime.
            var options = new WorkerOptions
            {
                Settings = settings,
                Id = $"{System.Environment.MachineName}/{Guid.NewGuid():N}",
                Drain = TimeSpan.Zero,
                LongestStall = TimeSpan.FromMinutes(settings.StallMinutes),
            };
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, drain.Begun);
            await new WorkerLoop(grains, runner, folder, store, options, TimeProvider.System, logger)
                .RunAsync(stopping.Token, CancellationToken.None);
            if (!stopping.IsCancellationRequested) // it was retired
                await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).WorkersGoneAsync(options.Id, "");
        }
    }

    /// <summary>The test decides when the service stops, not a signal.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class LogText(Action<string> note) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            note($"{logLevel}: {formatter(state, exception)} {exception}".TrimEnd());

        public void Dispose() { }
    }
}
