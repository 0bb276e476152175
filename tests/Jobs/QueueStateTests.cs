using Locutor.Jobs.Grains;
using Locutor.Jobs.Queue;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

/// <summary>The queue forgets its entries in time, and a job is in one list at most.</summary>
public sealed class QueueStateTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private readonly ManualTime time = new();

    [Fact]
    public void A_reservation_whose_answer_was_lost_ends_after_a_minute()
    {
        var places = new Reservations(time);
        places.Add("a", "wk-1");
        places.Add("b", "wk-1");
        places.Add("b", "wk-1");
        places.Remove("a");
        (places.Count, places.CountOf("wk-1")).ShouldBe((1, 1));
        time.Now += Reservations.Patience;
        places.RemoveExpired();
        (places.Count, places.CountOf("wk-1")).ShouldBe((0, 0));
    }

    [Fact]
    public void A_departed_worker_is_refused_while_its_calls_may_still_arrive_and_then_forgotten()
    {
        var workers = new WorkerRoster(time);
        for (int i = 0; i < 1000; i++)
        {
            workers.Seen(new WorkerReport { Id = $"w{i}" });
            workers.Gone($"w{i}");
        }
        workers.Seen(new WorkerReport { Id = "w5" });
        (workers.Count, workers.HasDeparted("w5")).ShouldBe((0, true));
        time.Now += WorkerRoster.Memory + TimeSpan.FromSeconds(1);
        workers.Forget();
        workers.DepartedCount.ShouldBe(0);
    }

    [Fact]
    public void A_worker_that_was_never_seen_is_silent_since_the_queue_began()
    {
        var workers = new WorkerRoster(time);
        time.Now += TimeSpan.FromSeconds(7);
        workers.SilenceOf("w1").ShouldBe(TimeSpan.FromSeconds(7));
        workers.Seen(new WorkerReport { Id = "w1" });
        time.Now += TimeSpan.FromSeconds(2);
        workers.SilenceOf("w1").ShouldBe(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void The_order_to_a_worker_stays_until_the_worker_has_been_silent_for_long()
    {
        var workers = new WorkerRoster(time);
        workers.Seen(new WorkerReport { Id = "w1" });
        workers.Tell("w1", WorkerOrder.Pause);
        workers.Adopt(new Dictionary<string, WorkerOrder> { ["w1"] = WorkerOrder.Work, ["w2"] = WorkerOrder.Retire });
        (workers.OrderTo("w1"), workers.OrderTo("w1"), workers.OrderTo("w2")).ShouldBe(
            (WorkerOrder.Pause, WorkerOrder.Pause, WorkerOrder.Retire), "the newer order counts, however often it is read");
        (workers.MayTakeJobs("w1"), workers.MayTakeJobs("w2"), workers.MayTakeJobs("w3")).ShouldBe((false, false, true));
        time.Now += WorkerRoster.Memory + TimeSpan.FromSeconds(1);
        workers.Seen(new WorkerReport { Id = "w1" });
        workers.EndedWithOrders().ShouldBe(["w2"]);
        workers.ForgetOrders(["w2"]);
        (workers.OrderTo("w1"), workers.OrderTo("w2")).ShouldBe((WorkerOrder.Pause, null));
    }

    [Fact]
    public void A_job_moves_from_list_to_list_and_is_in_one_at_most()
    {
        var jobs = new QueuedJobs(time, Lease);
        var job = new JobRecord { Id = "a", Owner = "wk-1", Request = TestSilo.UnfetchedRequest() };
        jobs.Place(job);
        (jobs.Fetching.Count, jobs.Waiting.Count, jobs.RunningCount, jobs.Webhooks.Count).ShouldBe((1, 0, 0, 0));
        job = job with { Request = TestSilo.Request() };
        jobs.Place(job);
        jobs.Place(job);
        (jobs.Fetching.Count, jobs.Waiting.Count, jobs.RunningCount, jobs.Webhooks.Count).ShouldBe((0, 1, 0, 0));
        job = job with { Status = JobStatus.Running, Worker = "w1", LeaseUntil = time.Now + Lease };
        jobs.Place(job);
        (jobs.Fetching.Count, jobs.Waiting.Count, jobs.RunningCount, jobs.Webhooks.Count).ShouldBe((0, 0, 1, 0));
        jobs.RunningOn("w1")!.Id.ShouldBe("a");
        job = job with { Status = JobStatus.Succeeded, Webhook = new WebhookState { NextAt = time.Now } };
        jobs.Place(job);
        (jobs.Fetching.Count, jobs.Waiting.Count, jobs.RunningCount, jobs.Webhooks.Count).ShouldBe((0, 0, 0, 1));
        jobs.Place(job with { Webhook = new WebhookState { Settled = true } });
        jobs.Ids.ShouldBeEmpty();
    }

    [Fact]
    public void A_lease_is_checked_in_time_although_the_clock_of_its_node_is_wrong()
    {
        var jobs = new QueuedJobs(time, Lease);
        jobs.Place(new JobRecord { Id = "a", Owner = "wk-1", Status = JobStatus.Running, LeaseUntil = time.Now + TimeSpan.FromHours(1) });
        time.Now += Lease;
        jobs.LeasesToCheck().ShouldHaveSingleItem();
    }

    [Fact]
    public void Work_that_is_taken_is_not_given_out_again_when_it_is_added_again()
    {
        var list = new DueList();
        var due = time.Now;
        list.Add("a", due);
        list.TryTake(time.Now, Lease, out _).ShouldBeTrue();
        list.Add("a", due);
        list.TryTake(time.Now, Lease, out _).ShouldBeFalse();
        list.Postpone("a", time.Now + 2 * Lease);
        list.TryTake(time.Now + Lease, Lease, out _).ShouldBeFalse();
        list.TryTake(time.Now + 2 * Lease, Lease, out string? id).ShouldBeTrue();
        id.ShouldBe("a");
    }

    [Fact]
    public void A_departing_worker_may_finish_and_one_that_is_gone_may_not()
    {
        var workers = new WorkerRoster(time);
        workers.Depart("a");
        workers.Gone("b");
        (workers.HasDeparted("a"), workers.IsGone("a")).ShouldBe((true, false));
        (workers.HasDeparted("b"), workers.IsGone("b")).ShouldBe((true, true));
        time.Now += WorkerRoster.Memory + TimeSpan.FromSeconds(1);
        workers.Forget();
        workers.IsGone("b").ShouldBeFalse();
    }

    private sealed class ManualTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
