using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class RestartTests
{
    [Fact]
    public async Task After_a_restart_open_jobs_continue_in_order_and_ended_ones_stay_ended()
    {
        var options = new JobsOptions { Lease = TimeSpan.FromMinutes(5), Sweep = TimeSpan.FromMilliseconds(50) };
        var first = await TestSilo.StartAsync(options);
        var ids = new List<string>();
        for (int i = 0; i < 150; i++)
            ids.Add(await first.SubmitAsync("wk-a"));
        string unfetched = await first.SubmitAsync("wk-a", TestSilo.UnfetchedRequest());
        var finished = (await first.LeaseAsync())!;
        await first.Job(finished.Id).SucceedAsync(1, new JobResult { Path = "results/1.mp4" });
        var running = (await first.LeaseAsync("gone"))!;
        await first.Job(ids[2]).CancelAsync();
        await first.StopAsync();

        await using var second = await TestSilo.StartAsync(options, first.Folder);
        (await second.Job(finished.Id).GetAsync())!.Result!.Path.ShouldBe("results/1.mp4");
        (await second.Job(ids[2]).GetAsync())!.Status.ShouldBe(JobStatus.Canceled);
        (await second.Queue.NextToFetchAsync(TimeSpan.FromSeconds(20)))!.Id.ShouldBe(unfetched);
        second.Time.Advance(options.Lease);
        var order = new List<JobRecord>();
        while (order.Count < 148 && await second.LeaseAsync() is { } job)
        {
            order.Add(job);
            (await second.Job(job.Id).SucceedAsync(job.Attempt, new JobResult())).ShouldBeTrue();
        }
        order.Select(job => job.Id).Where(id => id != running.Id).ShouldBe(ids.Skip(3));
        order.Single(job => job.Id == running.Id).Attempt.ShouldBe(2, "its worker went with the first silo");
        (await second.LeaseAsync(seconds: 0.2)).ShouldBeNull();
    }

    [Fact]
    public async Task Idempotency_keys_outlive_a_restart()
    {
        var first = await TestSilo.StartAsync();
        var submission = new JobSubmission { JobId = JobId.New(), Request = TestSilo.Request(), IdempotencyKey = "k", BodyHash = "h" };
        var accepted = await first.Grains.GetGrain<ITokenIndexGrain>("wk-a").SubmitAsync(submission);
        await first.StopAsync();
        await using var second = await TestSilo.StartAsync(folder: first.Folder);
        var again = await second.Grains.GetGrain<ITokenIndexGrain>("wk-a").SubmitAsync(submission with { JobId = JobId.New() });
        again.ShouldBe(new SubmitReply(SubmitOutcome.Repeated, accepted.JobId));
    }
}
