using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Media.Captions;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Inputs;

namespace Locutor.Service.Workers;

/// <summary>
/// Runs a job on the runner of this worker. A long voice whose request allows parts is divided at its silences, made by all workers that
/// are free, and joined here.
/// </summary>
internal sealed class PartedRun(IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store)
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(20);

    public async Task<RunnerVideo> RunAsync(
        JobRecord job, RunnerJob whole, IProgress<JobProgress> progress, CancellationToken cancellationToken)
    {
        if (job.Request.Part is { } part && !await IsNeededAsync(part, cancellationToken))
            throw new InputException(JobError.InvalidRequest, "the video of this part has ended", false);
        if (job.Request.MostParts < 2 || runner.Describe(whole) is not { } described)
            return await runner.RunAsync(whole, progress, cancellationToken);
        await using var video = await RunnerRequests.OpenAsync(described.Request, cancellationToken);
        var plan = await Task.Run(() => video.PlanParts(job.Request.MostParts), cancellationToken);
        if (plan.Count < 2)
            return await runner.RunAsync(whole, progress, cancellationToken);
        var combined = new PartedProgress(progress, plan);
        var parts = new PartedVideo(grains, runner, folder, store, job, whole, plan, combined);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var joining = video.JoinAsync(described.Model, parts.Parts, ShowJoined, over.Token);
        await TogetherAsync(parts.MakeAsync(over.Token), joining, over);
        var result = await joining;
        return new RunnerVideo(
            result.Width, result.Height, result.Seconds, Notice: combined.Notice,
            Captions: described.Request.Transcript is null ? null : CaptionFile.ToWebVtt(result.Cues));

        void ShowJoined(double share)
        {
            if (parts.IsMade) combined.Joined(share);
        }
    }

    /// <summary>Waits for two tasks. If one fails, the other is canceled, and the failure is thrown after its end.</summary>
    private static async Task TogetherAsync(Task making, Task joining, CancellationTokenSource over)
    {
        var ended = await Task.WhenAny(making, joining);
        if (!ended.IsCompletedSuccessfully) await over.CancelAsync();
        var other = ended == making ? joining : making;
        await other.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended;
        await other;
    }

    /// <summary>Ends the parts of a video that has ended. If this fails, they end by themselves and expire.</summary>
    public async Task EndAsync(JobRecord job)
    {
        try
        {
            foreach (string id in await PartJobs.EndAsync(grains, job).WaitAsync(EndPatience))
                await store.RemoveAsync(id, CancellationToken.None);
        }
        catch (Exception exception) when (Outage.Is(exception))
        {
            // A part that has not started sees that its video has ended, and results expire.
        }
    }

    private async Task<bool> IsNeededAsync(JobPart part, CancellationToken cancellationToken)
    {
        try
        {
            return await Outage.RetryAsync(() => PartJobs.IsNeededAsync(grains, part), cancellationToken);
        }
        catch (Exception exception) when (Outage.Is(exception) && !cancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }
}
