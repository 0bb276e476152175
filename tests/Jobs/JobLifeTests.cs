using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class JobLifeTests : IAsyncLifetime
{
    private static readonly JobsOptions Quick = new() { Lease = TimeSpan.FromSeconds(1), Sweep = TimeSpan.FromMilliseconds(50) };
    private static readonly JobResult Video = new() { Path = "results/x.mp4", Bytes = 17, Sha256 = "00" };

    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync(Quick);

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_job_runs_from_queued_to_succeeded_and_keeps_its_result()
    {
        var id = await _silo.SubmitAsync("wk-a");
        var leased = (await _silo.LeaseAsync()).ShouldNotBeNull();
        leased.Id.ShouldBe(id);
        leased.Attempt.ShouldBe(1);
        (await _silo.Job(id).ReportAsync(1, new JobProgress { Stage = JobStage.Denoising, Percent = 40 })).ShouldBe(LeaseReply.Continue);
        (await _silo.Job(id).GetAsync())!.Progress!.Percent.ShouldBe(40);
        (await _silo.Job(id).SucceedAsync(1, Video)).ShouldBeTrue();
        var done = (await _silo.Job(id).GetAsync())!;
        done.Status.ShouldBe(JobStatus.Succeeded);
        done.Result.ShouldBe(Video);
        done.ExpiresAt!.Value.ShouldBe(done.FinishedAt!.Value + Quick.KeepResults);
        (await _silo.Job(id).SucceedAsync(1, Video with { Path = "results/other.mp4" })).ShouldBeFalse();
        (await _silo.Job(id).FailAsync(1, new JobError(JobError.Internal, "late", false))).ShouldBeFalse();
        (await _silo.Job(id).GetAsync())!.Result.ShouldBe(Video);
    }

    [Fact]
    public async Task A_silent_worker_loses_its_job_to_the_next_and_is_fenced()
    {
        var id = await _silo.SubmitAsync("wk-a");
        (await _silo.LeaseAsync("dead"))!.Attempt.ShouldBe(1);
        var second = (await _silo.LeaseAsync("alive")).ShouldNotBeNull();
        second.Id.ShouldBe(id);
        second.Attempt.ShouldBe(2);
        (await _silo.Job(id).ReportAsync(1, null)).ShouldBe(LeaseReply.Fenced);
        (await _silo.Job(id).SucceedAsync(1, Video)).ShouldBeFalse();
        (await _silo.Job(id).SucceedAsync(2, Video)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_worker_that_leaves_waits_no_longer_and_takes_no_job()
    {
        var waiting = _silo.LeaseAsync("leaving", 60);
        while ((await _silo.Queue.WorkersAsync()).Length == 0)
            await Task.Delay(5);
        await _silo.Queue.LeaveAsync("leaving");
        (await waiting.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeNull();
        await _silo.SubmitAsync("wk-a");
        (await _silo.LeaseAsync("leaving")).ShouldBeNull();
        (await _silo.LeaseAsync("staying"))!.Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task Reports_renew_the_lease()
    {
        var id = await _silo.SubmitAsync("wk-a");
        await _silo.LeaseAsync();
        for (var i = 0; i < 6; i++)
        {
            await Task.Delay(400);
            (await _silo.Job(id).ReportAsync(1, null)).ShouldBe(LeaseReply.Continue);
        }
        (await _silo.Job(id).GetAsync())!.Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task The_third_lost_worker_fails_the_job()
    {
        var id = await _silo.SubmitAsync("wk-a");
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            (await _silo.LeaseAsync($"w{attempt}"))!.Attempt.ShouldBe(attempt);
            (await _silo.Job(id).ReportAsync(attempt, null)).ShouldBe(LeaseReply.Continue);
        }
        var failed = await UntilAsync(id, job => job.Status.IsTerminal());
        failed.Status.ShouldBe(JobStatus.Failed);
        failed.Error!.Code.ShouldBe(JobError.WorkerLost);
        failed.Error.Retryable.ShouldBeTrue();
    }

    [Fact]
    public async Task An_attempt_of_which_nothing_was_heard_counts_no_lost_worker()
    {
        await _silo.SubmitAsync("wk-a");
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            var job = (await _silo.LeaseAsync($"w{attempt}", 20))!;
            (job.Attempt, job.LostWorkers).ShouldBe((attempt, 0));
        }
    }

    [Fact]
    public async Task A_worker_known_to_be_gone_loses_its_job_at_once()
    {
        var id = await _silo.SubmitAsync("wk-a");
        await _silo.LeaseAsync("host/old/1");
        await _silo.Queue.WorkersGoneAsync("host/", "host/new");
        (await _silo.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Queued);
        (await _silo.LeaseAsync("host/old/1", 0.2)).ShouldBeNull("a worker declared gone gets nothing more");
        (await _silo.LeaseAsync("host/new/1"))!.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task A_job_handed_back_keeps_its_place_and_its_attempts()
    {
        var first = await _silo.SubmitAsync("wk-a");
        await _silo.SubmitAsync("wk-a");
        await _silo.LeaseAsync();
        (await _silo.Job(first).HandBackAsync(1)).ShouldBeTrue();
        var again = (await _silo.LeaseAsync())!;
        again.Id.ShouldBe(first);
        again.LostWorkers.ShouldBe(0);
        again.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task A_refused_job_counts_no_attempt_until_several_workers_have_refused_it()
    {
        var id = await _silo.SubmitAsync("wk-a");
        var fault = new JobError(JobError.Internal, "store: no such folder", true);
        foreach (var worker in new[] { "w1", "w1", "w2" })
        {
            var job = (await _silo.LeaseAsync(worker))!;
            job.LostWorkers.ShouldBe(0);
            (await _silo.Job(id).RefuseAsync(job.Attempt, fault)).ShouldBeTrue();
            (await _silo.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Queued);
        }
        (await _silo.Job(id).RefuseAsync((await _silo.LeaseAsync("w3"))!.Attempt, fault)).ShouldBeTrue();
        var failed = (await _silo.Job(id).GetAsync())!;
        failed.Status.ShouldBe(JobStatus.Failed);
        failed.Error.ShouldBe(fault);
    }

    [Fact]
    public async Task Cancelling_tells_the_worker_at_once()
    {
        var id = await _silo.SubmitAsync("wk-a");
        await _silo.LeaseAsync();
        var stop = _silo.Job(id).WaitForStopAsync(1, TimeSpan.FromSeconds(20));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (await _silo.Job(id).CancelAsync())!.Status.ShouldBe(JobStatus.Canceled);
        (await stop).ShouldBe(LeaseReply.Canceled);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10), "without the cancellation the wait lasts 20 s");
        (await _silo.Job(id).SucceedAsync(1, Video)).ShouldBeFalse();
        (await _silo.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Canceled);
    }

    [Fact]
    public async Task A_cancelled_job_never_starts()
    {
        var canceled = await _silo.SubmitAsync("wk-a");
        var other = await _silo.SubmitAsync("wk-a");
        await _silo.Job(canceled).CancelAsync();
        (await _silo.LeaseAsync())!.Id.ShouldBe(other);
        (await _silo.LeaseAsync("w2", 0.2)).ShouldBeNull();
    }

    [Fact]
    public async Task A_worker_whose_answer_was_lost_gets_the_same_job_again()
    {
        var id = await _silo.SubmitAsync("wk-a");
        await _silo.SubmitAsync("wk-a");
        (await _silo.LeaseAsync())!.Id.ShouldBe(id);
        var again = (await _silo.LeaseAsync())!;
        (again.Id, again.Attempt).ShouldBe((id, 1));
        (await _silo.Job(id).SucceedAsync(1, Video)).ShouldBeTrue();
        (await _silo.LeaseAsync())!.Id.ShouldNotBe(id);
    }

    [Fact]
    public async Task Inputs_are_fetched_before_a_job_may_run()
    {
        var id = await _silo.SubmitAsync("wk-a", TestSilo.UnfetchedRequest());
        (await _silo.LeaseAsync(seconds: 0.2)).ShouldBeNull();
        (await _silo.Queue.NextToFetchAsync(TimeSpan.FromSeconds(2)))!.Id.ShouldBe(id);
        (await _silo.Queue.NextToFetchAsync(TimeSpan.FromSeconds(0.2))).ShouldBeNull("one fetcher has it already");
        (await _silo.Job(id).StoreInputsAsync(TestSilo.Request().Inputs)).ShouldBeTrue();
        (await _silo.LeaseAsync())!.Id.ShouldBe(id);
        (await _silo.Job(id).RejectAsync(new JobError(JobError.FetchFailed, "late", true))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_webhook_is_due_once_a_job_ends_and_again_until_settled()
    {
        var id = await _silo.SubmitAsync("wk-a", TestSilo.Request() with { Webhook = "https://example.org/hook" });
        await _silo.LeaseAsync();
        await _silo.Job(id).SucceedAsync(1, Video);
        (await _silo.Queue.NextWebhookAsync(TimeSpan.FromSeconds(2)))!.Id.ShouldBe(id);
        await _silo.Job(id).RecordWebhookAsync(new WebhookState { Attempts = 1, NextAt = DateTimeOffset.UtcNow.AddSeconds(0.4) });
        (await _silo.Queue.NextWebhookAsync(TimeSpan.FromSeconds(5)))!.Webhook!.Attempts.ShouldBe(1);
        await _silo.Job(id).RecordWebhookAsync(new WebhookState { Attempts = 2, Settled = true });
        (await _silo.Queue.NextWebhookAsync(TimeSpan.FromSeconds(0.3))).ShouldBeNull();
    }

    [Fact]
    public async Task Watchers_see_each_version_once_and_versions_grow()
    {
        var id = await _silo.SubmitAsync("wk-a");
        var seen = new List<JobRecord>();
        var watching = Task.Run(async () =>
        {
            long version = 0;
            while (seen.Count == 0 || !seen[^1].Status.IsTerminal())
            {
                var job = (await _silo.Job(id).WaitAsync(version, TimeSpan.FromSeconds(5)))!;
                if (job.Version > version)
                    seen.Add(job);
                version = job.Version;
            }
        });
        await _silo.LeaseAsync();
        for (var step = 1; step <= 5; step++)
        {
            await _silo.Job(id).ReportAsync(1, new JobProgress { Stage = JobStage.Denoising, Step = step, Steps = 5 });
            await Task.Delay(20);
        }
        await _silo.Job(id).SucceedAsync(1, Video);
        await watching.WaitAsync(TimeSpan.FromSeconds(5));
        seen.Select(job => job.Version).ShouldBeInOrder(SortDirection.Ascending);
        seen.Select(job => job.Version).Distinct().Count().ShouldBe(seen.Count);
        seen.Select(job => job.Progress?.Step ?? 0).ShouldContain(5);
    }

    [Fact]
    public async Task A_finished_job_expires_and_is_then_deleted_for_good()
    {
        var id = await _silo.SubmitAsync("wk-a");
        (await _silo.Job(id).DeleteAsync()).ShouldBeFalse("it still waits");
        await _silo.Job(id).CancelAsync();
        (await _silo.Job(id).ExpireAsync())!.Status.ShouldBe(JobStatus.Expired);
        (await _silo.Job(id).DeleteAsync()).ShouldBeTrue();
        (await _silo.Job(id).GetAsync()).ShouldBeNull();
        (await _silo.Grains.GetGrain<ITokenIndexGrain>("wk-a").ListAsync(null, 10, null)).Entries.ShouldBeEmpty();
    }

    private async Task<JobRecord> UntilAsync(string id, Func<JobRecord, bool> condition)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await _silo.Job(id).GetAsync() is { } job && condition(job))
                return job;
            await Task.Delay(50);
        }
        throw new TimeoutException($"job {id} stayed {(await _silo.Job(id).GetAsync())?.Status}");
    }
}
