using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class PostgresTests
{
    private static readonly JobsOptions Quick = new() { Sweep = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public async Task The_same_jobs_live_in_PostgreSQL_through_a_restart()
    {
        await using var server = await PostgresServer.StartAsync(FreePort.Take());
        var first = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        string[] ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => first.SubmitAsync("wk-a")));
        var done = (await first.LeaseAsync(seconds: 20))!;
        (await first.Job(done.Id).SucceedAsync(1, new JobResult { Path = "results/1.mp4" })).ShouldBeTrue();
        await first.Job(ids.First(id => id != done.Id)).CancelAsync();
        await first.StopAsync();

        await using var second = await TestSilo.StartAsync(Quick, first.Folder, server.ConnectionString);
        (await second.Job(done.Id).GetAsync())!.Result!.Path.ShouldBe("results/1.mp4");
        var left = ids.ToHashSet();
        left.Remove(done.Id);
        left.Remove(ids.First(id => id != done.Id));
        while (left.Count > 0)
        {
            var job = (await second.LeaseAsync(seconds: 20)).ShouldNotBeNull();
            left.Remove(job.Id).ShouldBeTrue();
            (await second.Job(job.Id).SucceedAsync(job.Attempt, new JobResult())).ShouldBeTrue();
        }
        (await second.Job(done.Id).DeleteAsync()).ShouldBeTrue();
        (await second.Job(done.Id).GetAsync()).ShouldBeNull();
        (await second.Grains.GetGrain<ITokenIndexGrain>("wk-a").ListAsync(null, 200, null)).Entries.Length.ShouldBe(99);
    }

    [Fact]
    public async Task Two_machines_share_one_queue_and_the_tokens()
    {
        await using var server = await PostgresServer.StartAsync(FreePort.Take());
        await using var first = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        await using var second = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        string id = await first.SubmitAsync("wk-a");
        var leased = (await second.LeaseAsync(seconds: 20)).ShouldNotBeNull();
        leased.Id.ShouldBe(id);
        (await second.Job(id).SucceedAsync(1, new JobResult { Path = "results/2.mp4" })).ShouldBeTrue();
        (await first.Job(id).GetAsync())!.Status.ShouldBe(JobStatus.Succeeded);
        var made = Hosting.JobsHosting.OpenTokens(
            new Hosting.ClusterOptions { DataFolder = first.Folder, Postgres = server.ConnectionString })
            .Create("shared", Tokens.TokenScopes.All, null, Tokens.TokenQuota.Default);
        Hosting.JobsHosting.OpenTokens(new Hosting.ClusterOptions { DataFolder = second.Folder, Postgres = server.ConnectionString })
            .Authenticate(made.Token.KeyId, made.Secret).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_paused_worker_stays_paused_when_the_queue_moves_to_another_node()
    {
        await using var server = await PostgresServer.StartAsync(FreePort.Take());
        var first = await TestSilo.StartAsync(Quick, postgres: server.ConnectionString);
        await first.Queue.HeartbeatAsync(new WorkerReport { Id = "w1", State = "idle" });
        (await first.Queue.TellAsync("w1", WorkerOrder.Pause)).ShouldBeTrue();
        (await first.Queue.TellAsync("unknown", WorkerOrder.Pause)).ShouldBeFalse();
        await using var second = await TestSilo.StartAsync(Quick, first.Folder, server.ConnectionString);
        // The queue is on the first node, and the worker has not asked for its orders yet.
        await first.StopAsync();

        string id = await second.SubmitAsync("wk-a");
        (await second.LeaseAsync("w1", seconds: 0.5)).ShouldBeNull("the paused worker gets no job");
        (await second.Queue.OrderAsync("w1")).ShouldBe(WorkerOrder.Pause);
        (await second.LeaseAsync("w2", seconds: 20)).ShouldNotBeNull().Id.ShouldBe(id);
        (await second.Queue.TellAsync("w1", WorkerOrder.Work)).ShouldBeTrue();
        string next = await second.SubmitAsync("wk-a");
        (await second.LeaseAsync("w1", seconds: 20)).ShouldNotBeNull().Id.ShouldBe(next);
    }
}
