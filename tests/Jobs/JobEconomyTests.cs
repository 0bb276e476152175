using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

/// <summary>Deadlines, needs and usage of jobs.</summary>
public sealed class JobEconomyTests : IAsyncLifetime
{
    private static readonly JobsOptions Quick = new() { Lease = TimeSpan.FromMinutes(5), Sweep = TimeSpan.FromMilliseconds(50) };
    private static readonly JobResult Video = new() { Path = "results/x.mp4", Bytes = 17, Sha256 = "00" };

    private TestSilo silo = null!;

    public async ValueTask InitializeAsync() => silo = await TestSilo.StartAsync(Quick);

    public ValueTask DisposeAsync() => silo.DisposeAsync();

    [Fact]
    public async Task Usage_counts_every_attempt_and_each_device_of_a_worker()
    {
        string id = await silo.SubmitAsync("wk-u", TestSilo.Request() with { ModelName = "film" });
        var pair = new WorkerReport { Id = "w1", Offer = new WorkerOffer(null, 80, Gpus: 2) };
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            (await silo.Queue.LeaseAsync(pair, TimeSpan.FromSeconds(20)))!.Attempt.ShouldBe(attempt);
            silo.Time.Advance(TimeSpan.FromSeconds(10));
            var end = attempt == 1 ? silo.Job(id).HandBackAsync(1) : silo.Job(id).SucceedAsync(2, Video with { Seconds = 4 });
            (await end).ShouldBeTrue();
        }
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        var day = silo.Usage.Read("wk-u", today.AddDays(-1), today.AddDays(2)).Single();
        (day.Model, day.Jobs, day.Succeeded, day.VideoSeconds, day.BytesOut).ShouldBe(("film", 1, 1, 4, 17));
        day.GpuSeconds.ShouldBeGreaterThanOrEqualTo(40, "two attempts of 10 s and more on two devices");
        day.GpuSeconds.ShouldBe((await silo.Job(id).GetAsync())!.GpuSeconds);
    }

    [Fact]
    public async Task A_deadline_ends_a_waiting_and_a_running_job_and_tells_the_worker()
    {
        var request = TestSilo.Request() with { NotAfter = DateTimeOffset.UtcNow.AddMinutes(3) };
        string running = await silo.SubmitAsync("wk-a", request), waiting = await silo.SubmitAsync("wk-b", request);
        (await silo.LeaseAsync())!.Id.ShouldBe(running);
        var stop = silo.Job(running).WaitForStopAsync(1, TimeSpan.FromSeconds(20));
        silo.Time.Advance(TimeSpan.FromMinutes(3));
        for (; !stop.IsCompleted; await Task.Delay(100))
            await silo.Job(running).ReportAsync(1, null);
        (await stop).ShouldBe(LeaseReply.Canceled);
        foreach (string id in new[] { running, waiting })
        {
            var failed = await UntilAsync(id, job => job.Status.IsTerminal());
            (failed.Status, failed.Error!.Code).ShouldBe((JobStatus.Failed, JobError.DeadlinePassed));
        }
        (await silo.Job(running).SucceedAsync(1, Video)).ShouldBeFalse();
        (await silo.LeaseAsync("w2", 0.2)).ShouldBeNull();
        string late = await silo.SubmitAsync("wk-a", request);
        (await silo.LeaseAsync("w2", 0.2)).ShouldBeNull("a job never starts after its deadline");
        (await UntilAsync(late, job => job.Status.IsTerminal())).Attempt.ShouldBe(0);
    }

    [Fact]
    public async Task The_demand_counts_what_a_kind_of_worker_could_do()
    {
        await silo.SubmitAsync("wk-a", TestSilo.Request() with { ModelName = "film", MinMemoryGiB = 40 });
        await silo.SubmitAsync("wk-a", TestSilo.Request() with { ModelName = "sketch" });
        var small = new WorkerOffer(["sketch"], 24);
        (await silo.Queue.LeaseAsync(new WorkerReport { Id = "w1", Offer = small }, TimeSpan.FromSeconds(20)))!
            .Request.ModelName.ShouldBe("sketch");
        var demand = await silo.Queue.DemandAsync(small);
        (demand.Waiting, demand.Running, demand.OldestSeconds, demand.Workers).ShouldBe((0, 1, 0, 1));
        demand = await silo.Queue.DemandAsync(new WorkerOffer(["film"], 80));
        (demand.Waiting, demand.Running, demand.Workers).ShouldBe((1, 0, 0));
        demand.OldestSeconds.ShouldBeGreaterThan(0);
    }

    private async Task<JobRecord> UntilAsync(string id, Func<JobRecord, bool> condition)
    {
        for (int i = 0; i < 1200; i++)
        {
            if (await silo.Job(id).GetAsync() is { } job && condition(job))
                return job;
            await Task.Delay(50);
        }
        throw new TimeoutException($"job {id} stayed {(await silo.Job(id).GetAsync())?.Status}");
    }
}
