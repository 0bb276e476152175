using System.Collections.Concurrent;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

/// <summary>Answers of grains to the queue that arrive in another order than they were given.</summary>
public sealed class AnswerOrderTests : IAsyncLifetime
{
    private static readonly JobsOptions Quick = new() { Lease = TimeSpan.FromMinutes(5), Sweep = TimeSpan.FromMilliseconds(50) };

    private readonly LateAnswers late = new();
    private TestSilo silo = null!;

    public async ValueTask InitializeAsync() => silo = await TestSilo.StartAsync(Quick, filter: late);

    public ValueTask DisposeAsync() => silo.DisposeAsync();

    [Fact]
    public async Task A_late_answer_about_a_lost_lease_does_not_hide_that_the_job_runs_again()
    {
        string id = await silo.SubmitAsync("wk-a");
        await silo.LeaseAsync();
        var answer = late.Hold(nameof(IJobGrain.CheckLeaseAsync));
        silo.Time.Advance(Quick.Lease);
        (await silo.LeaseAsync("w2"))!.Attempt.ShouldBe(2);
        (await answer.Given.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBeOfType<JobRecord>().Status.ShouldBe(JobStatus.Queued);
        var next = late.Hold(nameof(IOwnersGrain.ListAsync)); // the sweep goes on with the comparison, which would mend the queue
        answer.Deliver();
        await next.Given.WaitAsync(TimeSpan.FromSeconds(60));
        var queue = await silo.Queue.StatisticsAsync();
        (queue.Running, queue.Queued).ShouldBe((1, 0));
        next.Deliver();
        (await silo.Job(id).GetAsync())!.Attempt.ShouldBe(2);
    }

    /// <summary>Holds back the answers to calls until a test lets them through. The called grain is free in the meantime.</summary>
    private sealed class LateAnswers : IOutgoingGrainCallFilter
    {
        private readonly ConcurrentDictionary<string, HeldAnswer> held = new(StringComparer.Ordinal);

        /// <summary>Holds back the next answer of a method.</summary>
        public HeldAnswer Hold(string method) => held[method] = new HeldAnswer();

        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            await context.Invoke();
            if (held.TryRemove(context.MethodName, out var answer))
                await answer.HoldAsync(context.Result);
        }
    }

    private sealed class HeldAnswer
    {
        private readonly TaskCompletionSource<object?> given = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes with the answer once the grain has given it.</summary>
        public Task<object?> Given => given.Task;

        public void Deliver() => delivered.SetResult();

        public Task HoldAsync(object? result)
        {
            given.SetResult(result);
            return delivered.Task;
        }
    }
}
