using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Queue;

/// <summary>Hands jobs out to workers, fetchers and webhook senders. The record of a job decides whether it may be handed out.</summary>
public sealed partial class QueueGrain
{
    /// <summary>
    /// Returns a job that is recorded as running on a worker which asks for a job: the earlier answer to the worker was lost.
    /// </summary>
    private async Task<JobRecord?> UndeliveredAsync(WorkerReport worker)
    {
        if (jobs.RunningOn(worker.Id) is not { } known)
            return null;
        var job = await ReadAsync(known.Id);
        return HasStarted(job, worker) ? job : null;
    }

    private async Task<JobRecord?> StartAsync(Waiting next, WorkerReport worker)
    {
        JobRecord? job;
        startingOn.Add(worker.Id);
        try
        {
            int gpus = (worker.Offer ?? WorkerOffer.Everything).Gpus;
            job = await AskAsync(next.Id, async grain => await grain.StartAsync(worker.Id, gpus) ?? await grain.GetAsync());
        }
        catch (Exception exception)
        {
            // The start may be stored even though its answer was lost. The next sweep reads the record.
            LogNotStarted(exception, next.Id);
            unsure.Add(next.Id);
            throw;
        }
        finally
        {
            startingOn.Remove(worker.Id);
            jobs.Waiting.Finished(next.Owner);
            Signal();
        }
        if (job is null || !HasStarted(job, worker))
            return null;
        workers.Seen(worker with { State = "working", Job = job.Id });
        return job;
    }

    private static bool HasStarted(JobRecord? job, WorkerReport worker) => job is { Status: JobStatus.Running } && job.Worker == worker.Id;

    private async Task<JobRecord?> NextDueAsync(DueList list, TimeSpan patience, TimeSpan wait, Func<JobRecord, bool> isDue)
    {
        await rebuilding;
        long from = time.GetTimestamp();
        while (true)
        {
            if (list.TryTake(time.GetUtcNow(), patience, out string? id))
            {
                var job = await ReadAsync(id);
                if (job is not null && isDue(job))
                    return job;
            }
            else if (!await WorkAsync(wait - time.GetElapsedTime(from)))
            {
                return null;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "job {Job} could not be started; its record is read again")]
    private partial void LogNotStarted(Exception exception, string job);
}
