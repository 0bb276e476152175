using System.Globalization;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Grains;

/// <summary>
/// The jobs of the parts of a video. The token's index finds each by a key that follows from the id of the video's job, so that every
/// attempt at the video finds the parts of the attempts before it.
/// </summary>
public static class PartJobs
{
    // No header of an HTTP request contains this character, so that no client can use such a key.
    private const char Start = '\n';
    private const string Hash = "part";

    /// <summary>Returns whether an idempotency key is that of a part.</summary>
    public static bool IsKey(string? key) => key?.StartsWith(Start) == true;

    /// <summary>Submits the job of a part, or finds the one that an earlier attempt submitted.</summary>
    /// <param name="grains">The grains.</param>
    /// <param name="parent">The job of the whole video.</param>
    /// <param name="part">The part.</param>
    /// <returns>The id of the job; null when the queue is full.</returns>
    public static async Task<string?> SubmitAsync(IGrainFactory grains, JobRecord parent, JobPart part)
    {
        var reply = await grains.GetGrain<ITokenIndexGrain>(parent.Owner).SubmitAsync(new JobSubmission
        {
            JobId = JobId.New(),
            Request = parent.Request.ForPart(part),
            IdempotencyKey = KeyOf(parent.Id, part.Index),
            BodyHash = Hash,
            MaxQueued = int.MaxValue,
            MaxRunning = parent.MaxRunning,
        });
        return reply.JobId;
    }

    /// <summary>Cancels the unfinished parts of a video that is over, and removes the records of the others.</summary>
    /// <param name="grains">The grains.</param>
    /// <param name="parent">The job of the whole video.</param>
    /// <returns>The ids of the removed jobs, whose files can be removed.</returns>
    public static async Task<IReadOnlyList<string>> EndAsync(IGrainFactory grains, JobRecord parent)
    {
        var removed = new List<string>();
        for (int index = 1; index < parent.Request.MostParts; index++)
        {
            var found = await grains.GetGrain<ITokenIndexGrain>(parent.Owner).FindAsync(KeyOf(parent.Id, index), Hash);
            if (found?.JobId is not { } id) continue;
            var job = grains.GetGrain<IJobGrain>(id);
            bool runs = (await job.GetAsync())?.Status is JobStatus.Running;
            await job.CancelAsync();
            // The worker of a running part has to see that the part was canceled; its record expires later.
            if (!runs && await job.DeleteAsync()) removed.Add(id);
        }
        return removed;
    }

    /// <summary>Returns whether the video of a part is not over, so that the part is needed.</summary>
    public static async Task<bool> IsNeededAsync(IGrainFactory grains, JobPart part) =>
        await grains.GetGrain<IJobGrain>(part.Parent).GetAsync() is { } parent && !parent.Status.IsTerminal();

    private static string KeyOf(string parent, int index) => string.Create(CultureInfo.InvariantCulture, $"{Start}{parent}/{index}");
}
