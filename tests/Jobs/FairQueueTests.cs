using Locutor.Jobs.Queue;

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
        for (int i = 0; i < 3 && queue.TryTake(out var job); i++)
            taken.Add(job.Id);
        taken.ShouldContain("b");
    }

    [Fact]
    public void Each_owners_jobs_run_in_order_and_positions_tell_when()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        var queue = new FairQueue();
        var all = Enumerable.Range(0, 200).Select(i => new Waiting($"j{i:D3}", $"o{random.Next(7)}", random.NextInt64(1_000_000))).ToList();
        all.ForEach(job => queue.Add(job));
        var promised = all.ToDictionary(job => job.Id, job => queue.PositionOf(job.Id));
        var started = new List<Waiting>();
        while (queue.TryTake(out var job))
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
    public void What_is_removed_or_added_twice_runs_never_or_once()
    {
        var queue = new FairQueue();
        queue.Add(new Waiting("a", "o", 1)).ShouldBeTrue();
        queue.Add(new Waiting("a", "o", 1)).ShouldBeFalse();
        queue.Add(new Waiting("b", "o", 2));
        queue.Remove("a").ShouldBeTrue();
        queue.Remove("a").ShouldBeFalse();
        queue.TryTake(out var job).ShouldBeTrue();
        job.Id.ShouldBe("b");
        queue.TryTake(out _).ShouldBeFalse();
        queue.Count.ShouldBe(0);
    }
}
