using Locutor.Jobs.Records;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <summary>A job that the index is asked to accept.</summary>
[GenerateSerializer, Immutable]
public sealed record JobSubmission
{
    [Id(0)] public string JobId { get; init; } = "";
    [Id(1)] public JobRequest Request { get; init; } = new();

    /// <summary>The value of the Idempotency-Key header, or null.</summary>
    [Id(2)] public string? IdempotencyKey { get; init; }

    /// <summary>The hash of the request. It tells a repeated request from a different request with one idempotency key.</summary>
    [Id(3)] public string? BodyHash { get; init; }

    /// <summary>The number of jobs of this token that may wait; 0 for the default of the service.</summary>
    [Id(4)] public int MaxQueued { get; init; }

    /// <summary>The number of jobs of this token that may run at a time; 0 for any number.</summary>
    [Id(5)] public int MaxRunning { get; init; }
}

public enum SubmitOutcome
{
    Accepted,

    /// <summary>An equal request with this key was accepted earlier; no new job was created.</summary>
    Repeated,

    /// <summary>The key was used for a different request.</summary>
    KeyReused,
    OwnerFull,
    QueueFull,
}

[GenerateSerializer, Immutable]
public sealed record SubmitReply([property: Id(0)] SubmitOutcome Outcome, [property: Id(1)] string? JobId);

/// <summary>An entry of an index: the summary of one job.</summary>
[GenerateSerializer, Immutable]
public sealed record IndexEntry
{
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public long Order { get; init; }
    [Id(2)] public JobStatus Status { get; init; }

    /// <summary>Whether the queue must add the job again after a restart.</summary>
    [Id(3)] public bool Open { get; init; }
    [Id(4)] public string? IdempotencyKey { get; init; }
    [Id(5)] public string? BodyHash { get; init; }
    [Id(6)] public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>One page of a listing, newest job first. <see cref="Next"/> is the cursor of the next page; null on the last page.</summary>
[GenerateSerializer, Immutable]
public sealed record IndexListing([property: Id(0)] IndexEntry[] Entries, [property: Id(1)] long? Next);

/// <summary>Accepts, lists and finds the jobs of one token. The key of the grain is the token's key id.</summary>
public interface ITokenIndexGrain : IGrainWithStringKey
{
    /// <summary>
    /// Accepts a job. When this returns, the job and its index entry are on disk. A second call for this job changes nothing.
    /// </summary>
    [AlwaysInterleave] Task<SubmitReply> SubmitAsync(JobSubmission submission);

    /// <summary>
    /// Returns the job that was accepted with this key, or null. So a repeated request is answered before its files are fetched again.
    /// </summary>
    [AlwaysInterleave] Task<SubmitReply?> FindAsync(string idempotencyKey, string bodyHash);

    /// <summary>
    /// Lists up to <paramref name="limit"/> jobs that were accepted before the cursor <paramref name="before"/>, newest first. The jobs of
    /// parts (<see cref="PartJobs"/>) are not listed.
    /// </summary>
    [AlwaysInterleave] Task<IndexListing> ListAsync(long? before, int limit, JobStatus? status);

    /// <summary>Updates the entry of a job that has changed.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.BetweenGrains)] Task ChangedAsync(JobRecord record);

    /// <summary>Removes a job from the index.</summary>
    [AlwaysInterleave] Task RemoveAsync(string jobId);

    /// <summary>Returns the entries of the jobs that the queue must know.</summary>
    [AlwaysInterleave] Task<IndexEntry[]> OpenAsync();

    /// <summary>Returns those of the given ids that are not in this index.</summary>
    [AlwaysInterleave] Task<string[]> UnknownAsync(string[] ids);

    /// <summary>Returns those of the given ids whose jobs have expired, so that their files can be removed.</summary>
    [AlwaysInterleave] Task<string[]> WithoutFilesAsync(string[] ids);

    /// <summary>
    /// Returns the entries of finished jobs whose results or, later, records have to be removed at <paramref name="now"/>.
    /// </summary>
    [AlwaysInterleave] Task<IndexEntry[]> ExpiredAsync(DateTimeOffset now);
}

/// <summary>
/// The list of tokens that have ever had a job, from which the queue rebuilds itself. There is one grain, with the key <see cref="Key"/>.
/// </summary>
public interface IOwnersGrain : IGrainWithStringKey
{
    const string Key = "owners";

    Task AddAsync(string owner);

    Task<string[]> ListAsync();
}
