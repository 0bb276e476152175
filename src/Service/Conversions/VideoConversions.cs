using System.Collections.Concurrent;
using Locutor.Jobs.Records;
using Locutor.Media;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;
using Locutor.Service.Files;
using Locutor.Service.Http;

namespace Locutor.Service.Conversions;

/// <summary>
/// Finished videos in other formats. A video is converted when a format is first asked for, and the new file is kept with the job's
/// results. Few conversions run at a time, and a request waits only for a moment.
/// </summary>
internal sealed class VideoConversions(IFileStore store, DataFolder folder, IHostApplicationLifetime lifetime) : IDisposable
{
    private const int MostAtOnce = 2, MostWaiting = 32, RetrySeconds = 5;

    /// <summary>Longest video that becomes a GIF, whose files are large.</summary>
    private const double LongestGif = 60;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly ConcurrentDictionary<string, Task> running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim turns = new(MostAtOnce);

    public void Dispose() => turns.Dispose();

    /// <summary>Opens the video of a job in a format.</summary>
    /// <returns>The file; null while it is being converted.</returns>
    /// <exception cref="ProblemException">
    /// Status 410: the video was removed. 422: the video is too long for a GIF. 500: ffmpeg failed. 503: too many conversions wait.
    /// </exception>
    public async Task<Stream?> OpenAsync(JobRecord job, VideoFormat format, CancellationToken cancellationToken)
    {
        string path = PathOf(job.Result!, format);
        if (await store.OpenAsync(path, cancellationToken) is { } known) return known;
        if (format == VideoFormat.Gif && job.Result!.Seconds > LongestGif)
        {
            throw new ProblemException(
                422, JobError.TooLarge,
                $"format: expected a video of at most {LongestGif:0} s for a GIF, found {job.Result.Seconds:0.#} s");
        }
        if (running.Count >= MostWaiting && !running.ContainsKey(path))
            throw new ProblemException(503, "busy", "too many videos are being converted") { RetryAfter = RetrySeconds };
        // The conversion continues when the caller disconnects; the next caller receives its result.
        var conversion = running.GetOrAdd(path, _ => Task.Run(() => ConvertAsync(job.Id, job.Result!.Path, path, format)));
        try
        {
            await conversion.WaitAsync(Patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        return await store.OpenAsync(path, cancellationToken) ?? throw new ProblemException(410, "expired", "the result was removed");
    }

    /// <summary>Returns the path of the video of a job in a format; an mp4 is the result itself.</summary>
    private static string PathOf(JobResult result, VideoFormat format) =>
        format == VideoFormat.Mp4 ? result.Path : Path.ChangeExtension(result.Path, format.Extension);

    private async Task ConvertAsync(string jobId, string source, string path, VideoFormat format)
    {
        string work = folder.Aside();
        await turns.WaitAsync(lifetime.ApplicationStopping);
        try
        {
            Directory.CreateDirectory(work);
            string video = await store.OnDiskAsync(source, work, lifetime.ApplicationStopping),
                target = Path.Combine(work, "video." + format.Extension);
            await VideoFinisher.FinishAsync(video, target, new FinishOptions(), MediaLimits.Default, lifetime.ApplicationStopping);
            await store.KeepAsync(target, path, format.ContentType, lifetime.ApplicationStopping);
        }
        catch (IOException gone)
        {
            throw new ProblemException(410, "expired", $"the result of {jobId} was removed ({gone.GetType().Name})");
        }
        finally
        {
            turns.Release();
            running.TryRemove(path, out _);
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        }
    }
}
