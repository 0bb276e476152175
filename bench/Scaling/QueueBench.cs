using System.Diagnostics;
using System.Globalization;
using Locutor.Jobs;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Records;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Locutor.Scaling.Bench;

/// <summary>
/// Measures how many jobs per second one node submits, leases and ends, with SQLite or with the PostgreSQL database that LOCUTOR_POSTGRES
/// names. Workers are tasks that make no video, so the queue and the storage limit the rate.
/// </summary>
internal static class QueueBench
{
    public static async Task RunAsync(int jobs, int workers, int tokens)
    {
        string folder = Directory.CreateTempSubdirectory("locutor-queue-bench-").FullName;
        string? postgres = Environment.GetEnvironmentVariable("LOCUTOR_POSTGRES");
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        var cluster = new ClusterOptions
        {
            DataFolder = folder,
            Postgres = postgres,
            SiloPort = FreePort.Take(),
            GatewayPort = FreePort.Take(),
        };
        builder.AddJobs(cluster, new JobsOptions { MaxQueued = jobs + 1, MaxQueuedPerToken = jobs + 1 });
        using var host = builder.Build();
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        double submit = await TimeAsync(() => SubmitAsync(grains, jobs, tokens));
        double drain = await TimeAsync(() => DrainAsync(grains, jobs, workers));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(postgres is null ? "SQLite" : "PostgreSQL")}: {jobs} jobs of {tokens} tokens, {workers} workers: " +
                $"submitted {jobs / submit:F0}/s, leased and ended {jobs / drain:F0}/s"));
        await host.StopAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task SubmitAsync(IGrainFactory grains, int jobs, int tokens)
    {
        var request = new JobRequest { Inputs = [new JobInput { Field = "image", Path = "x" }], ModelName = "bench", PayloadVersion = 1 };
        await Parallel.ForEachAsync(Enumerable.Range(0, jobs), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (number, _) =>
        {
            var reply = await grains.GetGrain<ITokenIndexGrain>($"wk-{number % tokens}").SubmitAsync(
                new JobSubmission { JobId = JobId.New(), Request = request });
            if (reply.Outcome is not SubmitOutcome.Accepted)
                throw new InvalidOperationException($"job {number} was refused: {reply.Outcome}");
        });
    }

    private static async Task DrainAsync(IGrainFactory grains, int jobs, int workers)
    {
        int done = 0;
        var queue = grains.GetGrain<IQueueGrain>(IQueueGrain.Key);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(async number =>
        {
            var report = new WorkerReport { Id = $"bench-{number}", State = "idle" };
            while (Volatile.Read(ref done) < jobs)
            {
                if (await queue.LeaseAsync(report, TimeSpan.FromSeconds(0.2)) is not { } job)
                    continue;
                if (!await grains.GetGrain<IJobGrain>(job.Id).SucceedAsync(job.Attempt, new JobResult { Seconds = 1 }))
                    throw new InvalidOperationException($"{job.Id} did not end");
                Interlocked.Increment(ref done);
            }
        }));
    }

    private static async Task<double> TimeAsync(Func<Task> act)
    {
        var clock = Stopwatch.StartNew();
        await act();
        return clock.Elapsed.TotalSeconds;
    }
}
