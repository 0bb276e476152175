using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Queue;

/// <summary>
/// Fills the queue when it starts, and then checks it regularly for expired leases, lost answers and differences to the indices.
/// </summary>
public sealed partial class QueueGrain
{
    private const int MostRead = 128;
    private static readonly TimeSpan DeadlinePatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ComparePause = TimeSpan.FromMinutes(1);

    private async Task RebuildAsync()
    {
        await Task.Yield();
        long from = time.GetTimestamp();
        store = await GrainFactory.GetGrain<IStoreGrain>(IStoreGrain.Key).IdAsync();
        workers.Adopt(await Orders.ListAsync());
        int taken = await comparison.RunAsync();
        compared = time.GetUtcNow();
        Signal();
        LogRebuilt(taken, jobs.Waiting.Count, jobs.RunningCount, time.GetElapsedTime(from).TotalMilliseconds);
    }

    private async Task SweepAsync()
    {
        if (rebuilding.IsFaulted)
        {
            LogRebuildFailed(rebuilding.Exception);
            rebuilding = RebuildAsync();
        }
        if (!rebuilding.IsCompletedSuccessfully)
            return;
        workers.Forget();
        await TryAsync(ForgetOrdersAsync);
        reservations.RemoveExpired();
        await Task.WhenAll(unsure.Take(MostRead).ToArray().Select(id => TryAsync(() => ReadUnsureAsync(id))));
        await TakeFromGoneAsync();
        await EndOverdueAsync();
        await Task.WhenAll(jobs.LeasesToCheck().Select(job =>
            TryAsync(() => AskAsync(job.Id, grain => grain.CheckLeaseAsync(workers.SilenceOf(job.Worker))))));
        if (compared + ComparePause <= time.GetUtcNow())
            await TryAsync(CompareAsync);
        Signal();
    }

    private async Task ReadUnsureAsync(string id)
    {
        unsure.Remove(id);
        try
        {
            await comparison.ReadAsync(id, null);
        }
        catch
        {
            unsure.Add(id); // The read failed, or the update of usage or index after it: the next sweep tries again.
            throw;
        }
    }

    private async Task ForgetOrdersAsync()
    {
        if (workers.EndedWithOrders() is not { Length: > 0 } ended)
            return;
        await Orders.ForgetAsync(ended);
        workers.ForgetOrders(ended);
    }

    /// <summary>
    /// Requeues the jobs of workers that have ended, alone or with their node, without waiting for the leases to run out.
    /// </summary>
    private Task TakeFromGoneAsync()
    {
        bool HasEnded(JobRecord job) => workers.IsGone(job.Worker) || (NodeOfWorker.Find(job.Worker) is { } node && nodes.IsDeadSilo(node));
        return Task.WhenAll(jobs.AllRunning().Where(HasEnded).Select(job =>
            TryAsync(() => AskAsync(job.Id, grain => grain.LoseWorkerAsync(job.Attempt)))));
    }

    /// <summary>Ends the jobs whose deadline has passed.</summary>
    private Task EndOverdueAsync()
    {
        var overdue = new List<string>();
        while (overdue.Count < MostRead && jobs.Deadlines.TryTake(time.GetUtcNow(), DeadlinePatience, out string? id))
            overdue.Add(id);
        return Task.WhenAll(overdue.Select(id => TryAsync(() => AskAsync(id, static job => job.EndOverdueAsync()))));
    }

    private async Task CompareAsync()
    {
        compared = time.GetUtcNow();
        if (await comparison.RunAsync() is var differing && differing > 0)
            LogCompared(differing);
    }

    /// <summary>Runs a step of the sweep and only logs a failure, since a later sweep repeats the step.</summary>
    private async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception exception)
        {
            LogSweepFailed(exception.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "loaded {Taken} open jobs ({Waiting} waiting, {Running} running) in {Milliseconds:F0} ms")]
    private partial void LogRebuilt(int taken, int waiting, int running, double milliseconds);

    [LoggerMessage(LogLevel.Error, "the open jobs could not be loaded, trying again")]
    private partial void LogRebuildFailed(Exception? exception);

    [LoggerMessage(LogLevel.Information, "{Count} jobs were in lists that differed from their records; they have been moved")]
    private partial void LogCompared(int count);

    [LoggerMessage(LogLevel.Warning, "the queue could not check its jobs, trying again: {Reason}")]
    private partial void LogSweepFailed(string reason);
}
