using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Grains;

/// <summary>
/// Notifies the index and the queue of a change. The change is already stored, so a call succeeds even if a notification fails: it is sent
/// again every second. If this process ends first, the queue finds the difference when it compares itself with the indices.
/// </summary>
public sealed partial class JobGrain
{
    private static readonly TimeSpan TellPause = TimeSpan.FromSeconds(1);

    private async Task TellAsync(bool queue)
    {
        try
        {
            await TellOnceAsync(queue);
            StopTelling();
        }
        catch (Exception exception)
        {
            LogNotTold(this.GetPrimaryKeyString(), exception.Message);
            telling ??= this.RegisterGrainTimer(static (self, _) => self.TellAsync(queue: true), this, new GrainTimerCreationOptions
            {
                DueTime = TellPause,
                Period = TellPause,
                KeepAlive = true,
            });
        }
    }

    private async Task TellOnceAsync(bool queue)
    {
        if (deletedOwner is { } owner)
        {
            await GrainFactory.GetGrain<ITokenIndexGrain>(owner).RemoveAsync(this.GetPrimaryKeyString());
            DeactivateOnIdle();
        }
        else if (current is { } job)
        {
            // First, so that the index keeps a job open until its usage is recorded.
            await usage.RecordAsync(job);
            await GrainFactory.GetGrain<ITokenIndexGrain>(job.Owner).ChangedAsync(job);
            if (queue)
                await GrainFactory.GetGrain<IQueueGrain>(IQueueGrain.Key).ChangedAsync(job);
        }
    }

    private void StopTelling()
    {
        telling?.Dispose();
        telling = null;
    }

    [LoggerMessage(LogLevel.Warning, "the queue could not be notified of a change of job {Job}, trying again: {Reason}")]
    private partial void LogNotTold(string job, string reason);
}
