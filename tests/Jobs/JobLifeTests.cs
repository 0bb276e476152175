using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class JobLifeTests : IAsyncLifetime
{
    private static readonly JobsOptions Quick = new() { Lease = TimeSpan.FromMinutes(5), Sweep = TimeSpan.FromMilliseconds(50) };
    private static readonly JobResult Video = new() { Path = "results/x.mp4", Bytes = 17, Sha256 = "00" };

    private TestSilo silo = null!;

    public async ValueTask InitializeAsync() => silo = await TestSilo.StartAsync(Quick);

    public ValueTask DisposeAsync() => silo.DisposeAsync();

    [Fact]
    public async Task A_job_runs_from_queued_to_succeeded_and_keeps_its_result()
    {
        string id = await silo.SubmitAsync("wk-a");
        var leased = (await silo.LeaseAsync()).ShouldNotBeNull();
        leased.Id.ShouldBe(id);
        leased.Attempt.ShouldBe(1);
        (await silo.Job(id).ReportAsync(1, new JobProgress { Stage = JobStage.Denoising, Percent = 40 })).ShouldBe(LeaseReply.Continue);
        (await silo.Job(id).GetAsync())!.Progress!.Percent.ShouldBe(40);
        (await silo.Job(id).SucceedAsync(1, Video)).ShouldBeTrue();
        var done = (await silo.Job(id).GetAsync())!;
        done.Status.ShouldBe(JobStatus.Succeeded);
        done.Result.ShouldBe(Video);
        done.ExpiresAt!.Value.ShouldBe(done.FinishedAt!.Value + Quick.KeepResults);
        (await silo.Job(id).SucceedAsync(1, Video with { Path = "results/other.mp4" })).ShouldBeFalse();
        (await silo.Job(id).FailAsync(1, new JobError(JobError.Internal, "late", false))).ShouldBeFalse();
        (await silo.Job(id).GetAsync())!.Result.ShouldBe(Video);
    }

    [Fact]
    public async Task A_silent_worker_loses_its_job_to_the_next_and_is_fenced()
    {
        string id = await silo.SubmitAsync("wk-a");
        (await silo.LeaseAsync("dead"))!.Attempt.ShouldBe(1);
        await silo.Job(id).ReportAsync(1, new JobProgress { Stage = JobStage.Denoising, Clip = 2 });
        silo.Time.Advance(Quick.Lease);
        var second = (await silo.LeaseAsync("alive")).ShouldNotBeNull();
        second.Id.ShouldBe(id);
        (second.Attempt, second.Progress!.Stage, second.Progress.Clip).ShouldBe((2, JobStage.Loading, 0));
        (await silo.Job(id).ReportAsync(1, null)).ShouldBe(LeaseReply.Fenced);
        (await silo.Job(id).SucceedAsync(1, Video)).ShouldBeFalse();
        (await silo.Job(id).SucceedAsync(2, Video)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_worker_that_leaves_waits_no_longer_and_takes_no_job()
    {
        var waiting = silo.LeaseAsync("leaving", 60);
        while ((await silo.Queue.WorkersAsync()).Length == 0)
            await Task.Delay(5);
        await silo.Queue.LeaveAsync("leaving");
        (await waiting.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeNull();
        await silo.SubmitAsync("wk-a");
        (await silo.LeaseAsync("leaving")).ShouldBeNull();
        (await silo.LeaseAsync("staying"))!.Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task Reports_renew_the_lease()
    {
        string id = await silo.SubmitAsync("wk-a");
        await silo.LeaseAsync();
        for (int i = 0; i < 6; i++)
        {
            silo.Time.Advance(0.4 * Quick.Lease);
            (await silo.Job(id).ReportAsync(1, null)).ShouldBe(LeaseReply.Continue);
        }
        (await silo.LeaseAsync("other", 0.3)).ShouldBeNull("leases are checked twenty times a second");
        (await silo.Job(id).GetAsync())!.Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task The_third_lost_worker_fails_the_job()
    {
        string id = await silo.SubmitAsync("wk-a");
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            (await silo.LeaseAsync($"w{attempt}"))!.Attempt.ShouldBe(attempt);
            (await silo.Job(id).ReportAsync(attempt, null)).ShouldBe(LeaseReply.Continue);
            silo.Time.Advance(Quick.Lease);
        }
        var failed = await UntilAsync(id, job => job.Status.IsTerminal());
        failed.Status.ShouldBe(JobStatus.Failed);
        failed.Error!.Code.ShouldBe(JobError.WorkerLost);
        failed.Error.Retryable.ShouldBeTrue();
    }

    [Fact]
    public async Task An_attempt_without_any_report_does_not_count_a_lost_worker()
    {
        await silo.SubmitAsync("wk-a");
        for (int attempt = 1; attempt <= 4; attempt++)
        {
            var job = (await silo.LeaseAsync($"w{attempt}"))!;
            (job.Attempt, job.LostWorkers).ShouldBe((attempt, 0));
            silo.Time.Advance(Quick.Lease);
        }
    }

    [Fact]
    public async Task A_worker_known_to_be_gone_loses_its_job_at_once()
    {
        string id = await silo.SubmitAsync("wk-a");
        await silo.LeaseAsync("host/old/1");
        await silo.Queue.WorkersGoneAsync("host/", "host/new");
        (await silo.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Queued);
        (await silo.LeaseAsync("host/old/1", 0.2)).ShouldBeNull("a worker declared gone gets nothing more");
        (await silo.LeaseAsync("host/new/1"))!.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task A_job_handed_back_keeps_its_place_and_its_attempts()
    {
        string first = await silo.SubmitAsync("wk-a");
        await silo.SubmitAsync("wk-a");
        await silo.LeaseAsync();
        (await silo.Job(first).HandBackAsync(1)).ShouldBeTrue();
        var again = (await silo.LeaseAsync())!;
        again.Id.ShouldBe(first);
        again.LostWorkers.ShouldBe(0);
        again.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task A_refused_job_counts_no_attempt_until_several_workers_have_refused_it()
    {
        string id = await silo.SubmitAsync("wk-a");
        var fault = new JobError(JobError.Internal, "store: no such folder", true);
        foreach (string? worker in new[] { "w1", "w1", "w2" })
        {
            var job = (await silo.LeaseAsync(worker))!;
            job.LostWorkers.ShouldBe(0);
            (await silo.Job(id).RefuseAsync(job.Attempt, fault)).ShouldBeTrue();
            (await silo.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Queued);
        }
        (await silo.Job(id).RefuseAsync((await silo.LeaseAsync("w3"))!.Attempt, fault)).ShouldBeTrue();
        var failed = (await silo.Job(id).GetAsync())!;
        failed.Status.ShouldBe(JobStatus.Failed);
        failed.Error.ShouldBe(fault);
    }

    [Fact]
    public async Task Cancelling_tells_the_worker_at_once()
    {
        string id = await silo.SubmitAsync("wk-a");
        await silo.LeaseAsync();
        var stop = silo.Job(id).WaitForStopAsync(1, TimeSpan.FromSeconds(28));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (await silo.Job(id).CancelAsync())!.Status.ShouldBe(JobStatus.Canceled);
        (await stop).ShouldBe(LeaseReply.Canceled);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(25), "without the cancellation the wait lasts 28 s");
        (await silo.Job(id).SucceedAsync(1, Video)).ShouldBeFalse();
        (await silo.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Canceled);
    }

    [Fact]
    public async Task A_cancelled_job_never_starts()
    {
        string canceled = await silo.SubmitAsync("wk-a");
        string other = await silo.SubmitAsync("wk-a");
        await silo.Job(canceled).CancelAsync();
        (await silo.LeaseAsync())!.Id.ShouldBe(other);
        (await silo.LeaseAsync("w2", 0.2)).ShouldBeNull();
    }

    [Fact]
    public async Task A_worker_whose_answer_was_lost_gets_the_same_job_again()
    {
        string id = await silo.SubmitAsync("wk-a");
        await silo.SubmitAsync("wk-a");
        (await silo.LeaseAsync())!.Id.ShouldBe(id);
        var again = (await silo.LeaseAsync())!;
        (again.Id, again.Attempt).ShouldBe((id, 1));
        (await silo.Job(id).SucceedAsync(1, Video)).ShouldBeTrue();
        (await silo.LeaseAsync())!.Id.ShouldNotBe(id);
    }

    [Fact]
    public async Task Inputs_are_fetched_before_a_job_may_run()
    {
        string id = await silo.SubmitAsync("wk-a", TestSilo.UnfetchedRequest());
        (await silo.LeaseAsync(seconds: 0.2)).ShouldBeNull();
        (await silo.Queue.NextToFetchAsync(TimeSpan.FromSeconds(20)))!.Id.ShouldBe(id);
        (await silo.Queue.NextToFetchAsync(TimeSpan.FromSeconds(0.2))).ShouldBeNull("one fetcher has it already");
        (await silo.Job(id).StoreInputsAsync(TestSilo.Request().Inputs)).ShouldBeTrue();
        (await silo.LeaseAsync())!.Id.ShouldBe(id);
        (await silo.Job(id).RejectAsync(new JobError(JobError.FetchFailed, "late", true))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_webhook_is_due_once_a_job_ends_and_again_until_settled()
    {
        string id = await silo.SubmitAsync("wk-a", TestSilo.Request() with { Webhook = "https://example.org/hook" });
        await silo.LeaseAsync();
        await silo.Job(id).SucceedAsync(1, Video);
        (await silo.Queue.NextWebhookAsync(TimeSpan.FromSeconds(20)))!.Id.ShouldBe(id);
        await silo.Job(id).RecordWebhookAsync(new WebhookState { Attempts = 1, NextAt = DateTimeOffset.UtcNow.AddSeconds(0.4) });
        (await silo.Queue.NextWebhookAsync(TimeSpan.FromSeconds(20)))!.Webhook!.Attempts.ShouldBe(1);
        await silo.Job(id).RecordWebhookAsync(new WebhookState { Attempts = 2, Settled = true });
        (await silo.Queue.NextWebhookAsync(TimeSpan.FromSeconds(0.3))).ShouldBeNull();
    }

    [Fact]
    public async Task Watchers_see_each_version_once_and_versions_grow()
    {
        string id = await silo.SubmitAsync("wk-a");
        var seen = new List<JobRecord>();
        var watching = Task.Run(async () =>
        {
            long version = 0;
            while (seen.Count == 0 || !seen[^1].Status.IsTerminal())
            {
                var job = (await silo.Job(id).WaitAsync(version, TimeSpan.FromSeconds(5)))!;
                if (job.Version > version)
                    seen.Add(job);
                version = job.Version;
            }
        });
        await silo.LeaseAsync();
        for (int step = 1; step <= 5; step++)
        {
            await silo.Job(id).ReportAsync(1, new JobProgress { Stage = JobStage.Denoising, Step = step, Steps = 5 });
            await Task.Delay(20);
        }
        await silo.Job(id).SucceedAsync(1, Video);
        await watching.WaitAsync(TimeSpan.FromSeconds(60));
        seen.Select(job => job.Version).ShouldBeInOrder(SortDirection.Ascending);
        seen.Select(job => job.Version).Distinct().Count().ShouldBe(seen.Count);
        seen.Select(job => job.Progress?.Step ?? 0).ShouldContain(5);
    }

    [Fact]
    public async Task A_finished_job_expires_and_is_then_deleted_for_good()
    {
        string id = await silo.SubmitAsync("wk-a");
        (await silo.Job(id).DeleteAsync()).ShouldBeFalse("it still waits");
        await silo.Job(id).CancelAsync();
        (await silo.Job(id).ExpireAsync())!.Status.ShouldBe(JobStatus.Expired);
        (await silo.Job(id).DeleteAsync()).ShouldBeTrue();
        (await silo.Job(id).GetAsync()).ShouldBeNull();
        (await silo.Grains.GetGrain<ITokenIndexGrain>("wk-a").ListAsync(null, 10, null)).Entries.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_report_about_a_job_that_has_ended_does_not_make_its_worker_busy_again()
    {
        string id = await silo.SubmitAsync("wk-a");
        (await silo.LeaseAsync()).ShouldNotBeNull().Id.ShouldBe(id);
        var report = new WorkerReport { Id = "w1", State = "working", Job = id };
        await silo.Queue.HeartbeatAsync(report);
        (await SeenAsync()).ShouldBe(("working", id));
        await silo.Job(id).CancelAsync();
        for (int i = 0; i < 400 && await SeenAsync() != ("idle", null); i++)
            await Task.Delay(50);
        await silo.Queue.HeartbeatAsync(report);
        (await SeenAsync()).ShouldBe(("idle", null));

        async Task<(string State, string? Job)> SeenAsync()
        {
            var worker = (await silo.Queue.WorkersAsync()).Single();
            return (worker.State, worker.Job);
        }
    }

    private async Task<JobRecord> UntilAsync(string id, Func<JobRecord, bool> condition)
    {
        for (int i = 0; i < 1200; i++)
        {
            if (await silo.Job(id).GetAsync() is { } job && condition(job))
                return job;
            await Task.Delay(50);
        }
        throw new TimeoutException($"at {silo.Time.GetUtcNow():O} the job stayed {await silo.Job(id).GetAsync()}");
    }
}
