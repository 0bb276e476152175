using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class TokenIndexTests
{
    private static readonly JobsOptions Small = new() { MaxQueued = 12, MaxQueuedPerToken = 8, Sweep = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public async Task Jobs_are_listed_newest_first_in_parts_and_by_status()
    {
        await using var silo = await TestSilo.StartAsync();
        var index = silo.Grains.GetGrain<ITokenIndexGrain>("wk-a");
        string[] ids = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => silo.SubmitAsync("wk-a")));
        await silo.SubmitAsync("wk-b");
        foreach (string? id in ids.Take(30))
            await silo.Job(id).CancelAsync();
        var listed = await AllAsync(index, 37, null);
        listed.Select(entry => entry.Order).ShouldBeInOrder(SortDirection.Descending);
        listed.Select(entry => entry.Id).ShouldBe(ids, ignoreOrder: true);
        (await AllAsync(index, 7, JobStatus.Canceled)).Select(entry => entry.Id).ShouldBe(ids.Take(30), ignoreOrder: true);
    }

    [Fact]
    public async Task A_repeated_key_gives_the_same_job_and_another_body_is_refused()
    {
        await using var silo = await TestSilo.StartAsync();
        var index = silo.Grains.GetGrain<ITokenIndexGrain>("wk-a");
        Task<SubmitReply> Submit(string hash) => index.SubmitAsync(
            new JobSubmission { JobId = JobId.New(), Request = TestSilo.Request(), IdempotencyKey = "k1", BodyHash = hash });
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Submit("one")));
        replies.Select(reply => reply.JobId).Distinct().ShouldHaveSingleItem();
        replies.Count(reply => reply.Outcome is SubmitOutcome.Accepted).ShouldBe(1);
        (await Submit("other")).Outcome.ShouldBe(SubmitOutcome.KeyReused);
        (await index.FindAsync("k1", "one"))!.JobId.ShouldBe(replies[0].JobId);
        (await silo.Grains.GetGrain<ITokenIndexGrain>("wk-b").FindAsync("k1", "one")).ShouldBeNull("keys belong to a token");
    }

    [Fact]
    public async Task Floods_are_refused_per_token_and_in_all_and_nothing_accepted_is_lost()
    {
        await using var silo = await TestSilo.StartAsync(Small);
        Task<SubmitReply> Submit(string owner) => silo.Grains.GetGrain<ITokenIndexGrain>(owner)
            .SubmitAsync(new JobSubmission { JobId = JobId.New(), Request = TestSilo.Request() });
        var first = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Submit("wk-a")));
        first.Count(reply => reply.Outcome is SubmitOutcome.Accepted).ShouldBe(8);
        first.Count(reply => reply.Outcome is SubmitOutcome.OwnerFull).ShouldBe(32);
        var second = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Submit("wk-b")));
        second.Count(reply => reply.Outcome is SubmitOutcome.Accepted).ShouldBe(4);
        second.Count(reply => reply.Outcome is SubmitOutcome.QueueFull).ShouldBe(36);
        var accepted = first.Concat(second).Where(reply => reply.Outcome is SubmitOutcome.Accepted).Select(reply => reply.JobId!)
            .ToHashSet();
        for (int i = 0; i < 12; i++)
        {
            var job = (await silo.LeaseAsync()).ShouldNotBeNull();
            accepted.Remove(job.Id).ShouldBeTrue();
            (await silo.Job(job.Id).SucceedAsync(job.Attempt, new JobResult())).ShouldBeTrue();
        }
        accepted.ShouldBeEmpty();
        (await Submit("wk-b")).Outcome.ShouldBe(SubmitOutcome.Accepted, "there is room again");
    }

    private static async Task<List<IndexEntry>> AllAsync(ITokenIndexGrain index, int limit, JobStatus? status)
    {
        var all = new List<IndexEntry>();
        long? before = null;
        do
        {
            var part = await index.ListAsync(before, limit, status);
            all.AddRange(part.Entries);
            before = part.Next;
        }
        while (before is not null);
        return all;
    }
}
