using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Records;
using Locutor.Jobs.Usage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Tests;

/// <summary>A real silo over a real SQLite file, which can be stopped and started again over the same file.</summary>
internal sealed class TestSilo : IAsyncDisposable
{
    private readonly IHost host;

    private TestSilo(IHost host, string folder, TestTime time) => (this.host, Folder, Time) = (host, folder, time);

    public string Folder { get; }

    public TestTime Time { get; }

    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    public UsageStore Usage => host.Services.GetRequiredService<UsageStore>();

    public IQueueGrain Queue => Grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    /// <param name="filter">Sees every call between grains.</param>
    public static async Task<TestSilo> StartAsync(
        JobsOptions? options = null, string? folder = null, string? postgres = null, IOutgoingGrainCallFilter? filter = null)
    {
        folder ??= Directory.CreateTempSubdirectory("locutor-jobs-").FullName;
        for (int attempt = 0; ; attempt++)
        {
            var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Error);
            var cluster = new ClusterOptions
            {
                DataFolder = folder,
                Postgres = postgres,
                SiloPort = FreePort.Take(),
                GatewayPort = FreePort.Take(),
            };
            var time = new TestTime();
            builder.Services.AddSingleton<TimeProvider>(time);
            if (filter is not null)
                builder.Services.AddSingleton(filter);
            builder.AddJobs(cluster, options ?? new JobsOptions { Sweep = TimeSpan.FromMilliseconds(100) });
            var host = builder.Build();
            try
            {
                await host.StartAsync();
                return new TestSilo(host, folder, time);
            }
            catch (Exception) when (attempt < 3)
            {
                // Another program may have taken the port in between.
                host.Dispose();
            }
        }
    }

    public static JobRequest Request(string prompt = "a person is talking") => new()
    {
        Payload = System.Text.Json.JsonSerializer.Serialize(new { prompt }),
        PayloadVersion = 1,
        Inputs = [new JobInput { Field = "image", Path = "inputs/x.png" }, new JobInput { Field = "audio", Path = "inputs/x.wav" }],
    };

    public static JobRequest UnfetchedRequest() => new()
    {
        Inputs =
        [
            new JobInput { Field = "image", Url = "https://example.org/x.png" }, new JobInput { Field = "audio", Path = "inputs/x.wav" }
        ],
    };

    public async Task<string> SubmitAsync(string owner, JobRequest? request = null)
    {
        var submission = new JobSubmission { JobId = JobId.New(), Request = request ?? Request() };
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                var reply = await Grains.GetGrain<ITokenIndexGrain>(owner).SubmitAsync(submission);
                reply.Outcome.ShouldBe(SubmitOutcome.Accepted);
                return reply.JobId!;
            }
            catch (TimeoutException) when (attempt < 5)
            {
                // A busy machine; a repeated submission makes no second job.
            }
        }
    }

    public IJobGrain Job(string id) => Grains.GetGrain<IJobGrain>(id);

    /// <summary>Asks for a job and waits for one. A test that expects none passes a short time.</summary>
    public Task<JobRecord?> LeaseAsync(string worker = "w1", double seconds = 20) =>
        Queue.LeaseAsync(new WorkerReport { Id = worker, State = "idle" }, TimeSpan.FromSeconds(seconds));

    public async Task StopAsync()
    {
        await host.StopAsync();
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }
}
