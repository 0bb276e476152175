using Locutor.Jobs.Records;
using Orleans.Concurrency;

namespace Locutor.Jobs.Grains;

/// <summary>A job to be accepted.</summary>
[GenerateSerializer, Immutable]
public sealed record JobSubmission
{
    [Id(0)] public string JobId { get; init; } = "";
    [Id(1)] public JobRequest Request { get; init; } = new();

    /// <summary>Value of the Idempotency-Key header.</summary>
    [Id(2)] public string? IdempotencyKey { get; init; }

    /// <summary>Hash of what was asked, to tell a repeated request from another one under the same key.</summary>
    [Id(3)] public string? BodyHash { get; init; }

    /// <summary>How many jobs this token may have waiting; 0 takes the service's default.</summary>
    [Id(4)] public int MaxQueued { get; init; }
}

public enum SubmitOutcome
{
    Accepted,

    /// <summary>The same request under the same key was accepted before; nothing new was made.</summary>
    Repeated,

    /// <summary>The key was used for another request.</summary>
    KeyReused,
    OwnerFull,
    QueueFull,
}

[GenerateSerializer, Immutable]
public sealed record SubmitReply([property: Id(0)] SubmitOutcome Outcome, [property: Id(1)] string? JobId);

/// <summary>One line of an index.</summary>
[GenerateSerializer, Immutable]
public sealed record IndexEntry
{
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public long Order { get; init; }
    [Id(2)] public JobStatus Status { get; init; }

    /// <summary>Whether the queue must take the job up again after a restart.</summary>
    [Id(3)] public bool Open { get; init; }
    [Id(4)] public string? IdempotencyKey { get; init; }
    [Id(5)] public string? BodyHash { get; init; }
    [Id(6)] public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A part of a listing, newest first. <see cref="Next"/> is the cursor of the following part, null at the end.</summary>
[GenerateSerializer, Immutable]
public sealed record IndexListing([property: Id(0)] IndexEntry[] Entries, [property: Id(1)] long? Next);

/// <summary>All jobs of one token: acceptance, listing, idempotency. The key is the token's key id.</summary>
public interface ITokenIndexGrain : IGrainWithStringKey
{
    /// <summary>Accepts a job; when this returns, the job and its place in the index are on disk. A second call for the same job changes nothing.</summary>
    [AlwaysInterleave] Task<SubmitReply> SubmitAsync(JobSubmission submission);

    /// <summary>The job accepted under this key, to answer a repeated request before its files are fetched again.</summary>
    [AlwaysInterleave] Task<SubmitReply?> FindAsync(string idempotencyKey, string bodyHash);

    /// <summary>Up to <paramref name="limit"/> jobs older than <paramref name="before"/>.</summary>
    [AlwaysInterleave] Task<IndexListing> ListAsync(long? before, int limit, JobStatus? status);

    /// <summary>A job has changed.</summary>
    [AlwaysInterleave, ResponseTimeout(Patience.BetweenGrains)] Task ChangedAsync(JobRecord record);

    /// <summary>A job is removed from the index.</summary>
    [AlwaysInterleave] Task RemoveAsync(string jobId);

    /// <summary>The jobs that the queue must know.</summary>
    [AlwaysInterleave] Task<IndexEntry[]> OpenAsync();

    /// <summary>Those of the ids that are not of this index.</summary>
    [AlwaysInterleave] Task<string[]> UnknownAsync(string[] ids);

    /// <summary>Those of the ids whose jobs have expired: their files are removed.</summary>
    [AlwaysInterleave] Task<string[]> WithoutFilesAsync(string[] ids);

    /// <summary>Ids of finished jobs whose results (or, later, records) are due for removal.</summary>
    [AlwaysInterleave] Task<IndexEntry[]> ExpiredAsync(DateTimeOffset now);
}

/// <summary>The tokens that have ever had a job: where the queue begins when it rebuilds itself. One grain, key <see cref="Key"/>.</summary>
public interface IOwnersGrain : IGrainWithStringKey
{
    const string Key = "owners";

    Task AddAsync(string owner);

    Task<string[]> ListAsync();
}
