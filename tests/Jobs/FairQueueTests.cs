using Locutor.Jobs.Queue;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class FairQueueTests
{
    [Fact]
    public void One_owners_flood_delays_anothers_single_job_by_one_place()
    {
        var queue = new FairQueue();
        for (int i = 0; i < 1000; i++)
            queue.Add(new Waiting($"a{i:D4}", "a", i));
        queue.Add(new Waiting("b", "b", 5000));
        queue.PositionOf("b").ShouldBeLessThanOrEqualTo(2);
        var taken = new List<string>();
        for (int i = 0; i < 3 && queue.TryTake(WorkerOffer.Everything, out var job); i++)
            taken.Add(job.Id);
        taken.ShouldContain("b");
    }

    [Fact]
    public void The_jobs_of_an_owner_run_in_order_and_positions_show_it()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        var queue = new FairQueue();
        var all = Enumerable.Range(0, 200).Select(i => new Waiting($"j{i:D3}", $"o{random.Next(7)}", random.NextInt64(1_000_000))).ToList();
        all.ForEach(job => queue.Add(job));
        var promised = all.ToDictionary(job => job.Id, job => queue.PositionOf(job.Id));
        var started = new List<Waiting>();
        while (queue.TryTake(WorkerOffer.Everything, out var job))
        {
            started.Add(job);
            queue.Finished(job.Owner);
        }
        started.Count.ShouldBe(200, $"seed {seed}");
        foreach (var own in started.GroupBy(job => job.Owner))
            own.Select(job => job.Order).ShouldBeInOrder(SortDirection.Ascending, $"seed {seed}");
        for (int i = 0; i < started.Count; i++)
            Math.Abs(promised[started[i].Id] - (i + 1)).ShouldBeLessThan(7, $"seed {seed}, job {started[i].Id} at {i + 1}");
    }

    [Fact]
    public void A_job_that_is_added_twice_runs_once_and_a_removed_one_never()
    {
        var queue = new FairQueue();
        queue.Add(new Waiting("a", "o", 1)).ShouldBeTrue();
        queue.Add(new Waiting("a", "o", 1)).ShouldBeFalse();
        queue.Add(new Waiting("b", "o", 2));
        queue.Remove("a").ShouldBeTrue();
        queue.Remove("a").ShouldBeFalse();
        queue.TryTake(WorkerOffer.Everything, out var job).ShouldBeTrue();
        job.Id.ShouldBe("b");
        queue.TryTake(WorkerOffer.Everything, out _).ShouldBeFalse();
        queue.Count.ShouldBe(0);
    }

    [Fact]
    public void A_priority_orders_only_the_jobs_of_one_owner()
    {
        var queue = new FairQueue();
        queue.Add(new Waiting("b", "b", 1) { Priority = -10 });
        queue.Add(new Waiting("late", "a", 2) { Priority = -1 });
        queue.Add(new Waiting("usual", "a", 3));
        queue.Add(new Waiting("urgent", "a", 4) { Priority = 5 });
        Order(queue).ShouldBe(["b", "urgent", "usual", "late"]);
    }

    [Fact]
    public void A_worker_gets_the_first_job_that_it_can_run()
    {
        var queue = new FairQueue();
        queue.Add(new Waiting("large", "a", 1) { Needs = new JobNeeds("film", 80) });
        queue.Add(new Waiting("other", "a", 2) { Needs = new JobNeeds("film", 0) });
        queue.Add(new Waiting("small", "b", 3) { Needs = new JobNeeds("sketch", 16) });
        var laptop = new WorkerOffer(["sketch"], 24);
        queue.CountFor(laptop).ShouldBe((1, 3));
        queue.TryTake(laptop, out var job).ShouldBeTrue();
        job.Id.ShouldBe("small");
        queue.TryTake(laptop, out _).ShouldBeFalse();
        queue.TryTake(new WorkerOffer(["film", "sketch"], 48), out job).ShouldBeTrue();
        job.Id.ShouldBe("other");
        queue.TryTake(new WorkerOffer(null, 80), out job).ShouldBeTrue();
        job.Id.ShouldBe("large");
    }

    [Fact]
    public void An_owner_that_runs_as_many_jobs_as_it_may_waits_until_one_ends()
    {
        var queue = new FairQueue();
        for (int i = 0; i < 4; i++)
            queue.Add(new Waiting($"a{i}", "a", i) { MaxRunning = 2 });
        queue.CountFor(WorkerOffer.Everything).Count.ShouldBe(2);
        queue.TryTake(WorkerOffer.Everything, out _).ShouldBeTrue();
        queue.TryTake(WorkerOffer.Everything, out _).ShouldBeTrue();
        queue.TryTake(WorkerOffer.Everything, out _).ShouldBeFalse();
        queue.CountFor(WorkerOffer.Everything).ShouldBe((0, long.MaxValue));
        queue.Finished("a");
        queue.TryTake(WorkerOffer.Everything, out var job).ShouldBeTrue();
        job.Id.ShouldBe("a2");
    }

    private static IEnumerable<string> Order(FairQueue queue)
    {
        while (queue.TryTake(WorkerOffer.Everything, out var job))
        {
            queue.Finished(job.Owner);
            yield return job.Id;
        }
    }
}
