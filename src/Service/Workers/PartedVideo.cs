using Locutor.Generation.Parts;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Service.Availability;
using Locutor.Service.Files;

namespace Locutor.Service.Workers;

/// <summary>
/// Makes the parts of a video. Each part except the first is a job of its own, which any worker may run. This worker makes the first part,
/// and then every part that no worker has begun or that failed, so that it needs no other worker.
/// </summary>
/// <param name="job">The job of the video.</param>
/// <param name="whole">The run of the whole video.</param>
/// <param name="plan">The parts, at least two.</param>
internal sealed class PartedVideo(
    IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store, JobRecord job, RunnerJob whole,
    IReadOnlyList<VideoPart> plan, PartedProgress progress)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.5);

    private readonly string?[] jobs = new string?[plan.Count]; // null: this worker has to make the part
    private readonly JobRecord?[] records = new JobRecord?[plan.Count];
    private readonly string?[] growing = new string?[plan.Count]; // files of parts that are made here, while they are written

    private readonly TaskCompletionSource<FinishedPart>[] finished =
        [.. plan.Select(_ => new TaskCompletionSource<FinishedPart>(TaskCreationOptions.RunContinuationsAsynchronously))];

    /// <summary>The parts, which are finished while <see cref="MakeAsync"/> runs. If it fails, they never are.</summary>
    public IReadOnlyList<PartInWork> Parts =>
        [.. plan.Select((part, i) => new PartInWork(part, finished[i].Task) { Growing = () => Volatile.Read(ref growing[i]) })];

    /// <summary>True if all parts are finished.</summary>
    public bool IsMade => Array.TrueForAll(finished, part => part.Task.IsCompleted);

    /// <summary>Makes all parts.</summary>
    public async Task MakeAsync(CancellationToken cancellationToken)
    {
        for (int i = 1; i < plan.Count; i++)
        {
            var part = PartOf(i);
            jobs[i] = await ReachAsync(() => PartJobs.SubmitAsync(grains, job, part), cancellationToken);
        }
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = FollowAsync(over.Token);
        try
        {
            await MakeHereAsync(0, cancellationToken);
            while (!IsMade)
                await ContinueAsync(cancellationToken);
        }
        finally
        {
            await over.CancelAsync();
            await following;
        }
    }

    private JobPart PartOf(int index) => new(job.Id, index, plan[index].First, plan[index].Count, plan[^1].End);

    /// <summary>Fetches a finished part, makes one that no other worker makes, or waits a moment.</summary>
    private async Task ContinueAsync(CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        int[] open = [.. Enumerable.Range(0, plan.Count).Where(i => !finished[i].Task.IsCompleted)];
        if (open.FirstOrDefault(i => jobs[i] is not null && records[i]?.Status is JobStatus.Succeeded) is > 0 and var made)
            await FetchAsync(made, cancellationToken);
        else if (open.FirstOrDefault(i => jobs[i] is null || records[i]?.Status is not (null or JobStatus.Running)) is > 0 and var next)
            await MakeHereAsync(next, cancellationToken);
        else
            await Task.Delay(Look, cancellationToken);
    }

    private async Task FetchAsync(int index, CancellationToken cancellationToken)
    {
        try
        {
            Finish(index, await store.OnDiskAsync(records[index]!.Result!.Path, WorkOf(index), cancellationToken));
        }
        catch (IOException)
        {
            jobs[index] = null; // The file is lost, so the part is made again.
        }
    }

    /// <summary>Makes a part on this worker. A job that has it ends, unless it has just succeeded.</summary>
    private async Task MakeHereAsync(int index, CancellationToken cancellationToken)
    {
        var request = job.Request.ForPart(PartOf(index));
        string output = Path.Combine(whole.WorkFolder, $"part-{index}-{job.Attempt}.mp4");
        var here = new RunnerJob(job.Id, request, whole.Inputs, output, WorkOf(index))
        {
            Growing = path => Volatile.Write(ref growing[index], path),
        };
        if (jobs[index] is { } id)
        {
            var ended = records[index] = await ReachAsync(grains.GetGrain<IJobGrain>(id).CancelAsync, cancellationToken);
            if (ended?.Status is JobStatus.Succeeded)
                return;
            // The clips of a lost worker are used. A worker that had the job until now would remove its folder.
            if (ended is { Worker: null })
                here = here with { Id = id, Request = ended.Request, WorkFolder = folder.WorkFolder(id) };
        }
        await runner.RunAsync(here, progress.Of(index), cancellationToken);
        Finish(index, output);
    }

    private void Finish(int index, string file)
    {
        finished[index].SetResult(new FinishedPart(plan[index], file));
        progress.Complete(index);
    }

    private string WorkOf(int index) => Directory.CreateDirectory(Path.Combine(whole.WorkFolder, $"part-{index}")).FullName;

    /// <summary>Reports the progress of the other workers until it is canceled.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(2 * Look, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await LookAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        for (int i = 1; i < plan.Count; i++)
        {
            if (finished[i].Task.IsCompleted || jobs[i] is not { } id)
                continue;
            try
            {
                var record = await grains.GetGrain<IJobGrain>(id).GetAsync().WaitAsync(cancellationToken);
                if (record is null)
                    jobs[i] = null; // The job was removed.
                records[i] = record;
                if (record is { Status: JobStatus.Running, Progress: { } made })
                    progress.Report(i, made with { Preview = null });
            }
            catch (Exception exception) when (Outage.Is(exception) && !cancellationToken.IsCancellationRequested)
            {
                return; // The service may be restarting; the last known progress stays.
            }
        }
    }

    /// <summary>Repeats a call until it is answered. Repetitions must have no effect.</summary>
    private static async Task<T> ReachAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await Outage.RetryAsync(call, cancellationToken);
            }
            catch (Exception exception) when (Outage.Is(exception) && !cancellationToken.IsCancellationRequested)
            {
            }
        }
    }
}
