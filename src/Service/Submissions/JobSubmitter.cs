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

/// <summary>A job that was accepted.</summary>
/// <param name="JobId">The id of the job.</param>
/// <param name="Repeated">True when an earlier request with this Idempotency-Key created the job; false when this request did.</param>
public sealed record Accepted(string JobId, bool Repeated);

/// <summary>Accepts jobs. Every endpoint that takes submissions, under <c>/v1</c> or compatible with Modal, calls this class.</summary>
public sealed class JobSubmitter(
    IGrainFactory grains, IFileStore store, TokenLimits limits, MonthQuota month, DiskQuota quota, Drain drain, JobsMetrics metrics,
    ServeSettings settings)
{
    private const string NoHash = "";

    /// <summary>
    /// Checks the limits before the body of a submission is read, and writes the rate limit into the headers of the response.
    /// </summary>
    /// <exception cref="ProblemException">
    /// Status 429: the token has used its submissions of this minute or its quota of this month. 503: the service is about to stop, or
    /// the disk quota is used up.
    /// </exception>
    public async Task CheckLimitsAsync(Token caller, HttpResponse response)
    {
        var limit = await limits.CountSubmissionAsync(caller.KeyId);
        TokenLimits.Describe(response, limit);
        if (!limit.Allowed)
        {
            throw new ProblemException(
                429, "rate_limited", $"more than {settings.SubmitsPerMinute} jobs in a minute")
            { RetryAfter = TokenLimits.Wait(limit) };
        }

        if (drain.HasBegun)
            throw new ProblemException(503, "draining", "this service is about to stop and accepts no more jobs") { RetryAfter = 5 };
        await month.CheckAsync(caller);
        if (quota.IsFull)
            throw new ProblemException(503, "disk_full", "there is no disk space for more inputs and results") { RetryAfter = 600 };
    }

    /// <summary>Returns whether any earlier request with this idempotency key was accepted, even one with another body.</summary>
    public async Task<bool> KnowsAsync(Token caller, string? key) =>
        key is not null && await grains.GetGrain<ITokenIndexGrain>(caller.KeyId).FindAsync(key, NoHash) is not null;

    /// <summary>Finds the job that an earlier request with this idempotency key created; null when there is none.</summary>
    /// <param name="caller">The token of the caller. Keys of other tokens are ignored.</param>
    /// <param name="key">The Idempotency-Key header, or null.</param>
    /// <param name="hash">The hash of this request, see <see cref="Draft.Hash"/>.</param>
    /// <exception cref="ProblemException">Status 422: the key was used for a request with another hash.</exception>
    public async Task<Accepted?> FindAsync(Token caller, string? key, string hash)
    {
        if (key is null)
            return null;
        var found = await grains.GetGrain<ITokenIndexGrain>(caller.KeyId).FindAsync(key, hash);
        return found is null ? null : Answer(found);
    }

    /// <summary>
    /// Accepts a job: when this returns, the job is stored and survives a crash. If the job is refused, or the request repeats an earlier
    /// one, its stored inputs are removed. If the queue's answer is lost, the inputs are kept, since the job may have been accepted; the
    /// janitor later removes files that belong to no job.
    /// </summary>
    /// <exception cref="ProblemException">
    /// Status 422: the idempotency key was used for another request. 429: the token has too many waiting jobs. 503: the queue is full.
    /// </exception>
    public async Task<Accepted> SubmitAsync(Token caller, string jobId, JobRequest request, string? key, string hash)
    {
        var submission = new JobSubmission
        {
            JobId = jobId,
            Request = request with { TraceParent = Tracing.Current },
            IdempotencyKey = key,
            BodyHash = hash,
            MaxQueued = caller.Quota.MaxQueued ?? settings.MaxQueuedPerToken,
            MaxRunning = caller.Quota.MaxRunning ?? settings.MaxRunningPerToken,
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
        SubmitOutcome.KeyReused =>
            throw new ProblemException(422, "idempotency_key_reused", "this Idempotency-Key was used for another request"),
        SubmitOutcome.OwnerFull =>
            throw new ProblemException(429, "queue_full", "this token has reached its limit of waiting jobs") { RetryAfter = 30 },
        _ => throw new ProblemException(503, "queue_full", "the queue is full") { RetryAfter = 60 },
    };
}
