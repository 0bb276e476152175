using System.Text.RegularExpressions;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Views;

namespace Locutor.Service.Live;

/// <summary>Finds the segments of a caller's job, and waits for the next ones.</summary>
internal sealed partial class LiveVideos(JobViews views, IFileStore store, TimeProvider time)
{
    // Players give up when the first playlist is an error, so a request waits for the first clip.
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Returns a job that may have a live video.</summary>
    /// <exception cref="ProblemException">404: there is no such job. 410: its files have expired.</exception>
    public async Task<JobRecord> FindAsync(Token caller, string id)
    {
        var job = await views.FindAsync(caller, id);
        return job.Status is JobStatus.Expired || (job.Status.IsTerminal() && job.ExpiresAt <= time.GetUtcNow())
            ? throw new ProblemException(410, "expired", "the live video has expired")
            : job;
    }

    /// <summary>Returns the list of segments as soon as it has one.</summary>
    /// <exception cref="ProblemException">404: the job ended without a segment. 409: there is none yet.</exception>
    public async Task<(LiveIndex Index, JobRecord Job)> FirstAsync(JobRecord job, CancellationToken cancellationToken)
    {
        for (long from = time.GetTimestamp(); ;)
        {
            if (await LiveIndex.ReadAsync(store, job.Id, job.Attempt, cancellationToken) is { Segments.Length: > 0 } index)
                return (index, job);
            if (job.Status.IsTerminal())
            {
                throw new ProblemException(
                    404, "not_found", $"the job has ended ({job.Status.ToString().ToLowerInvariant()}) and has no live video");
            }
            if (time.GetElapsedTime(from) > FirstWait)
                throw new ProblemException(409, "not_ready", "no clip of the video is finished yet") { RetryAfter = 2 };
            job = await NextAsync(job, cancellationToken);
        }
    }

    /// <summary>Returns the segments after the first <paramref name="known"/> ones; none when the job has ended.</summary>
    public async Task<(IEnumerable<LiveSegment> Segments, JobRecord Job)> FollowAsync(
        JobRecord job, int known, CancellationToken cancellationToken)
    {
        while (true)
        {
            bool ended = job.Status.IsTerminal(); // read before the list, which no worker changes after the end
            if (await LiveIndex.ReadAsync(store, job.Id, job.Attempt, cancellationToken) is { } index && index.Segments.Length > known)
                return (index.Segments.Skip(known), job);
            if (ended)
                return ([], job);
            job = await NextAsync(job, cancellationToken);
        }
    }

    /// <summary>Opens a header or a segment.</summary>
    /// <exception cref="ProblemException">404: there is no such file.</exception>
    public async Task<Stream> OpenAsync(JobRecord job, string name, CancellationToken cancellationToken) =>
        (FileName().IsMatch(name) ? await store.OpenAsync(LiveIndex.PathOf(job.Id, name), cancellationToken) : null)
        ?? throw new ProblemException(404, "not_found", "there is no such part of the live video");

    private async Task<JobRecord> NextAsync(JobRecord job, CancellationToken cancellationToken) =>
        await views.WaitAsync(job.Id, job.Version, Look, cancellationToken)
        ?? throw new ProblemException(404, "not_found", "there is no such job");

    [GeneratedRegex(@"^([0-9a-f]{16}\.mp4|[0-9]{1,6}-[0-9]{5,7}\.m4s)\z")]
    private static partial Regex FileName();
}
