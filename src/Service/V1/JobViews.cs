using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;

namespace Locutor.Service.V1;

/// <summary>Finds jobs for a caller and shows them with their place in the queue.</summary>
internal sealed class JobViews(IGrainFactory grains)
{
    private IQueueGrain Queue => grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    /// <summary>The caller's job.</summary>
    /// <exception cref="ProblemException">404 when there is none with this id, or it belongs to another token.</exception>
    public async Task<JobRecord> FindAsync(Token caller, string id)
    {
        var job = JobId.IsValid(id) ? await grains.GetGrain<IJobGrain>(id).GetAsync() : null;
        return job?.Owner == caller.KeyId ? job : throw new ProblemException(404, "not_found", "there is no such job");
    }

    public IJobGrain Grain(string id) => grains.GetGrain<IJobGrain>(id);

    public async Task<JobView> ShowAsync(JobRecord job)
    {
        if (job.Status is not JobStatus.Queued)
            return JobView.Of(job);
        var position = await Queue.PositionAsync(job.Id);
        var statistics = await Queue.StatisticsAsync();
        var rounds = Math.Ceiling((position + statistics.Running) / (double)Math.Max(1, statistics.Workers));
        var eta = statistics.TypicalSeconds > 0 && position > 0 ? Math.Round(rounds * statistics.TypicalSeconds) : (double?)null;
        return JobView.Of(job, position, eta);
    }
}
