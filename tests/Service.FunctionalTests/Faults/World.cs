using Locutor.Jobs;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Jobs.Usage;
using Locutor.Service.Access;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Operations;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Workers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Storage;

namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>
/// The service without HTTP, in virtual time: a real silo, real SQLite, the real submitter, janitor, fetcher and workers, with injected
/// faults in all calls between them. Only the GPU work of a runner and the network of fetches and webhooks are simulated.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Keep = TimeSpan.FromSeconds(20);
    public static readonly TimeSpan ReportPatience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Seldom = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource over = new();
    private readonly List<Task> actors = [];
    private readonly IHost host;
    private readonly DataFolder folder;
    private readonly ServeSettings settings;
    private Actor? victim;
    private CancellationTokenSource victimEnds = new();
    private int workers;

    private World(IHost host, VirtualTime time, FaultPlan plan, DataFolder folder, ServeSettings settings)
    {
        (this.host, Time, Plan, this.folder, this.settings) = (host, time, plan, folder, settings);
        Storage = (FaultyStorage)host.Services.GetRequiredKeyedService<IGrainStorage>(JobsStorage.Name);
        Files = new FaultyFiles(new FolderStore(folder), plan, time);
        Submitter = new JobSubmitter(
            Grains, Files, new TokenLimits(Grains, settings, time, NullLoggerFactory.Instance.CreateLogger<TokenLimits>()),
            new MonthQuota(host.Services.GetRequiredService<UsageStore>(), settings, time),
            new DiskQuota(folder, settings), new Drain(), host.Services.GetRequiredService<JobsMetrics>(), settings);
    }

    public VirtualTime Time { get; }

    public FaultPlan Plan { get; }

    public FaultyStorage Storage { get; }

    public FaultyFiles Files { get; }

    public JobSubmitter Submitter { get; }

    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    public IQueueGrain Queue => Grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    public static async Task<World> StartAsync()
    {
        var settings = new ServeSettings
        {
            Data = MemoryFolder.Create("locutor-faults-"),
            CleanSeconds = 5,
            UploadMinutes = 0.1,
            FetchSeconds = 1,
            FetchInParallel = 2,
            LeaseSeconds = Lease.TotalSeconds,
        };
        var folder = new DataFolder(settings);
        FaultPlan? plan = null;
        var time = new VirtualTime(() => plan!.UnderWay);
        plan = new FaultPlan(time);
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<TimeProvider>(time).AddSingleton<IOutgoingGrainCallFilter>(new FaultyCalls(plan));
        builder.AddJobs(
            new Locutor.Jobs.Hosting.ClusterOptions { DataFolder = folder.Root, SiloPort = FreePort.Take(), GatewayPort = FreePort.Take() },
            new JobsOptions { Lease = Lease, KeepResults = Keep, KeepRecords = Keep });
        // By default a silo tells its load to itself, and looks after its own health, every second: a quarter of all jumps of the clock.
        builder.Services.Configure<DeploymentLoadPublisherOptions>(load => load.DeploymentLoadPublisherRefreshTime = Seldom);
        builder.Services.Configure<ClusterMembershipOptions>(health => health.LocalHealthDegradationMonitoringPeriod = Seldom);
        builder.Services.Configure<SiloMessagingOptions>(calls => calls.GrainWorkloadAnalysisPeriod = Seldom);
        var real = builder.Services.Last(
            service => service.ServiceKey as string == JobsStorage.Name && service.ServiceType == typeof(IGrainStorage));
        builder.Services.AddKeyedSingleton<IGrainStorage>(
            JobsStorage.Name, (services, key) => new FaultyStorage((IGrainStorage)real.KeyedImplementationFactory!(services, key), plan));
        var host = builder.Build();
        time.Start();
        await host.StartAsync();
        var world = new World(host, time, plan, folder, settings);
        world.StartActors();
        return world;
    }

    /// <summary>Kills a worker in the middle of whatever it does. Another one is started in its place.</summary>
    public void KillWorker()
    {
        victim!.Killed = true;
        victimEnds.Cancel();
        StartVictim();
    }

    /// <summary>Inputs of a submission: stored as an upload would be, or named by an address.</summary>
    public async Task<JobInput[]> InputsAsync(string jobId, bool stored)
    {
        JobInput[] named =
        [
            new() { Field = "image", Url = "https://example.org/i" }, new() { Field = "audio", Url = "https://example.org/a" }
        ];
        return stored ? [await FetchAsync(jobId, named[0], default), await FetchAsync(jobId, named[1], default)] : named;
    }

    public bool HasInputs(string jobId) => Directory.Exists(folder.Absolute(Path.Combine("inputs", jobId)));

    /// <summary>Jobs that have any file.</summary>
    public IReadOnlyCollection<string> WithFiles() => folder.Written().Keys;

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await victimEnds.CancelAsync();
        await Task.WhenAny(Task.WhenAll(actors), Task.Delay(TimeSpan.FromSeconds(60)));
        await this.host.StopAsync();
        Time.Dispose();
        if (this.host is IAsyncDisposable host)
            await host.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder.Root, recursive: true);
    }

    private void StartActors()
    {
        var logger = NullLoggerFactory.Instance;
        var revoked = new RevokedTokens(
            Grains, host.Services.GetRequiredService<TokenStore>(), Time, settings, logger.CreateLogger<RevokedTokens>());
        var janitor = new Janitor(
            Grains, folder, Files, new DiskQuota(folder, settings), revoked,
            host.Services.GetRequiredService<JobsMetrics>(), settings, Time, logger.CreateLogger<Janitor>());
        var fetcher = new InputFetchService(
            Grains, FetchAsync, StubCatalog.Create(), settings, Time, logger.CreateLogger<InputFetchService>());
        Start("janitor", () => janitor.StartAsync(over.Token));
        Start("fetcher", () => fetcher.StartAsync(over.Token));
        Start("webhooks", SendWebhooksAsync);
        Start("worker", () => WorkAsync(over.Token));
        StartVictim();
    }

    private void StartVictim()
    {
        victimEnds = new CancellationTokenSource();
        var ends = victimEnds.Token;
        victim = Start("worker", () => WorkAsync(ends));
    }

    private Actor Start(string name, Func<Task> act)
    {
        var actor = new Actor(name);
        actors.Add(actor.RunAsync(act));
        return actor;
    }

    private Task<bool> WorkAsync(CancellationToken cancellationToken)
    {
        var options = new WorkerOptions
        {
            Settings = settings,
            Id = $"worker/{Interlocked.Increment(ref workers)}",
            ReportPatience = ReportPatience,
        };
        var loop = new WorkerLoop(
            Grains, new Runner(Time), folder, Files, options, Time, NullLoggerFactory.Instance.CreateLogger<WorkerLoop>());
        return loop.RunAsync(cancellationToken, cancellationToken);
    }

    private async Task<JobInput> FetchAsync(string jobId, JobInput input, CancellationToken cancellationToken)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, jobId + input.Field, cancellationToken);
        string path = DataFolder.InputPath(jobId, input.Field);
        await Files.KeepAsync(file, path, "", cancellationToken);
        return input with { Path = path };
    }

    private async Task SendWebhooksAsync()
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                if (await Queue.NextWebhookAsync(TimeSpan.FromSeconds(10)).WaitAsync(over.Token) is { Webhook: { } state } job)
                {
                    await Grains.GetGrain<IJobGrain>(job.Id).RecordWebhookAsync(
                        state with { Attempts = state.Attempts + 1, Settled = true });
                }
            }
            catch (Exception)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), Time, CancellationToken.None);
            }
        }
    }

    /// <summary>Waits for some virtual time and writes its input as the video.</summary>
    private sealed class Runner(TimeProvider time) : IVideoRunner
    {
        public string Model => "none";

        public Task LoadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task<RunnerVideo> RunAsync(RunnerJob job, IProgress<JobProgress> progress, CancellationToken cancellationToken)
        {
            for (int step = 1; step <= 3; step++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
                progress.Report(new JobProgress { Stage = JobStage.Denoising, Step = step, Steps = 3 });
            }
            await File.WriteAllTextAsync(job.OutputPath, string.Concat(job.Inputs.Values.Select(File.ReadAllText)), cancellationToken);
            return new RunnerVideo(1, 1, 1, [1]);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
