using Locutor.Jobs;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Locutor.Service.Telemetry;

namespace Locutor.Service.Submissions;

/// <summary>A job that was accepted, now or by an earlier request with the same idempotency key.</summary>
public sealed record Accepted(string JobId, bool Repeated);

/// <summary>The one way by which jobs come in, for the seed's endpoint and for <c>/v1</c>.</summary>
public sealed class JobSubmitter(
    IGrainFactory grains, IFileStore store, TokenLimits limits, DiskQuota quota, Drain drain, JobsMetrics metrics, ServeSettings settings)
{
    private const string NoHash = "";

    /// <summary>Refuses a submission that would go over the token's rate or the disk, or that comes to a stopping service, before anything is read.</summary>
    public async Task CheckLimitsAsync(Token caller, HttpResponse response)
    {
        var limit = await limits.CountSubmissionAsync(caller.KeyId);
        TokenLimits.Describe(response, limit);
        if (!limit.Allowed)
            throw new ProblemException(429, "rate_limited", $"more than {settings.SubmitsPerMinute} jobs in a minute") { RetryAfter = TokenLimits.Wait(limit) };
        if (drain.HasBegun)
            throw new ProblemException(503, "draining", "this service is about to stop and takes no more jobs") { RetryAfter = 5 };
        if (quota.IsFull)
            throw new ProblemException(503, "disk_full", "there is no room for more inputs and results") { RetryAfter = 600 };
    }

    /// <summary>Whether a request under the key was accepted earlier, equal to this one or not.</summary>
    public async Task<bool> KnowsAsync(Token caller, string? key) =>
        key is not null && await grains.GetGrain<ITokenIndexGrain>(caller.KeyId).FindAsync(key, NoHash) is not null;

    /// <summary>The job accepted earlier under the key, if any.</summary>
    /// <exception cref="ProblemException">The key was used for another request.</exception>
    public async Task<Accepted?> FindAsync(Token caller, string? key, string hash)
    {
        if (key is null)
            return null;
        var found = await grains.GetGrain<ITokenIndexGrain>(caller.KeyId).FindAsync(key, hash);
        return found is null ? null : Answer(found);
    }

    /// <summary>
    /// Accepts a job durably. The inputs named by path are in the data folder; they are removed if the job is definitely refused. When the
    /// answer is lost the job may be accepted, so they stay: the janitor removes those that no job claims.
    /// </summary>
    public async Task<Accepted> SubmitAsync(Token caller, string jobId, JobRequest request, string? key, string hash)
    {
        var submission = new JobSubmission
        {
            JobId = jobId,
            Request = request with { TraceParent = Tracing.Current },
            IdempotencyKey = key,
            BodyHash = hash,
            MaxQueued = caller.MaxQueued ?? settings.MaxQueuedPerToken,
        };
        var reply = await grains.GetGrain<ITokenIndexGrain>(caller.KeyId).SubmitAsync(submission);
        if (reply.JobId == jobId)
            metrics.Submitted();
        else
            await store.RemoveAsync(jobId, CancellationToken.None);
        return Answer(reply);
    }

    private static Accepted Answer(SubmitReply reply) => reply.Outcome switch
    {
        SubmitOutcome.Accepted => new Accepted(reply.JobId!, false),
        SubmitOutcome.Repeated => new Accepted(reply.JobId!, true),
        SubmitOutcome.KeyReused => throw new ProblemException(422, "idempotency_key_reused", "this Idempotency-Key was used for another request"),
        SubmitOutcome.OwnerFull => throw new ProblemException(429, "queue_full", "this token has as many waiting jobs as it may have") { RetryAfter = 30 },
        _ => throw new ProblemException(503, "queue_full", "the queue is full") { RetryAfter = 60 },
    };
}
