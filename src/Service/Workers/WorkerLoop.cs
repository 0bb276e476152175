using System.Diagnostics;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Networks;
using Locutor.Service.Inputs;
using Locutor.Service.Operations;
using Locutor.Service.Storage;

namespace Locutor.Service.Workers;

/// <summary>Leases one job after another and runs it. One loop per process and device.</summary>
public sealed partial class WorkerLoop
{
    private static readonly TimeSpan LeaseWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortPause = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly IVideoRunner _runner;
    private readonly DataFolder _folder;
    private readonly IFileStore _store;
    private readonly WorkerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<WorkerLoop> _logger;
    private WorkerReport _report;

    public WorkerLoop(
        IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store, WorkerOptions options, TimeProvider time, ILogger<WorkerLoop> logger)
    {
        (_grains, _runner, _folder, _store, _options, _time, _logger) = (grains, runner, folder, store, options, time, logger);
        _report = new WorkerReport
        {
            Id = options.Id,
            Host = Environment.MachineName,
            Process = Environment.ProcessId,
            Device = options.Device,
            Model = options.Model ?? "",
            Version = typeof(WorkerLoop).Assembly.GetName().Version?.ToString(3) ?? "",
            State = "starting",
            StartedAt = time.GetUtcNow(),
        };
    }

    private IQueueGrain Queue => _grains.GetGrain<IQueueGrain>(IQueueGrain.Key);

    /// <summary>Runs until <paramref name="drain"/>; then no new job is begun, and the present one is finished or handed back.</summary>
    /// <param name="drain">Asks for a graceful stop.</param>
    /// <param name="abort">Stops the present job at once.</param>
    public async Task RunAsync(CancellationToken drain, CancellationToken abort)
    {
        using var beating = CancellationTokenSource.CreateLinkedTokenSource(abort);
        var beat = BeatAsync(beating.Token);
        try
        {
            _runner.Notice = LogNotice;
            await _runner.LoadAsync(drain);
            while (!drain.IsCancellationRequested)
                await TurnAsync(drain, abort);
        }
        catch (Exception) when (drain.IsCancellationRequested)
        {
            // Asked to stop while loading, or the service went before this worker could say goodbye.
        }
        finally
        {
            await beating.CancelAsync();
            await beat;
        }
    }

    private async Task TurnAsync(CancellationToken drain, CancellationToken abort)
    {
        JobRecord? job;
        try
        {
            _report = _report with { State = "idle", Job = null, Model = _runner.Model };
            job = await LeaseAsync(drain, abort);
        }
        catch (Exception exception) when (!drain.IsCancellationRequested)
        {
            LogNoLease(exception.Message);
            await Task.Delay(TimeSpan.FromSeconds(1), _time, drain);
            return;
        }
        if (job is null)
        {
            // The answer to a worker that was thought to be gone comes at once.
            await Task.Delay(ShortPause, _time, drain);
            return;
        }
        _report = _report with { State = "working", Job = job.Id };
        LogBegins(job.Id, job.Attempt);
        await RunJobAsync(job, drain, abort);
    }

    /// <summary>The next job or null. A job that is on its way when the worker is asked to stop is waited for: nobody else has it.</summary>
    private async Task<JobRecord?> LeaseAsync(CancellationToken drain, CancellationToken abort)
    {
        var lease = Queue.LeaseAsync(_report, LeaseWait);
        await ((Task)lease).WaitAsync(drain).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!lease.IsCompleted)
            await Queue.LeaveAsync(_options.Id).WaitAsync(abort);
        return await lease.WaitAsync(abort);
    }

    private async Task RunJobAsync(JobRecord job, CancellationToken drain, CancellationToken abort)
    {
        var grain = _grains.GetGrain<IJobGrain>(job.Id);
        await using var attempt = new Attempt(grain, job.Attempt, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(attempt.Stopped, abort);
        limit.CancelAfter(_options.LongestRun);
        await using var draining = drain.Register(() =>
        {
            _report = _report with { State = "draining" };
            limit.CancelAfter(_options.Drain);
        });
        var clock = Stopwatch.StartNew();
        using var span = Tracing.Start("run", job)?.SetTag("locutor.device", _options.Device);
        try
        {
            var result = await MakeAsync(job, attempt, clock, limit.Token);
            await attempt.EndAsync(() => grain.SucceedAsync(job.Attempt, result));
            _report = _report with { Finished = _report.Finished + 1 };
            LogEnds(job.Id, clock.Elapsed.TotalSeconds);
            _folder.RemoveWork(job.Id);
        }
        catch (Exception) when (attempt.Stopped.IsCancellationRequested)
        {
            // Whatever ended it: who canceled the job may have removed its files too.
            LogStopped(job.Id, attempt.Reply);
            if (attempt.Reply is LeaseReply.Canceled)
                _folder.RemoveWork(job.Id);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested || drain.IsCancellationRequested)
        {
            await attempt.EndAsync(() => grain.HandBackAsync(job.Attempt));
        }
        catch (Exception exception)
        {
            var error = ErrorOf(exception);
            LogFailed(exception, job.Id, error.Code);
            span?.SetStatus(ActivityStatusCode.Error, error.Code);
            _report = _report with { Failed = _report.Failed + 1 };
            await attempt.EndAsync(() => grain.FailAsync(job.Attempt, error));
            _folder.RemoveWork(job.Id);
        }
    }

    private async Task<JobResult> MakeAsync(JobRecord job, Attempt attempt, Stopwatch clock, CancellationToken cancellation)
    {
        var work = _folder.WorkFolder(job.Id);
        Directory.CreateDirectory(work);
        var inputs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var input in job.Request.Inputs)
            inputs[input.Field] = await _store.OnDiskAsync(input.Path!, work, cancellation);
        // Made in a folder of the attempt's own: one that was thought dead and goes on must not touch the next one's file.
        var output = Path.Combine(work, $"video-{job.Attempt}.mp4");
        var made = await _runner.RunAsync(new RunnerJob(job.Id, job.Request, inputs, output, work), attempt, cancellation);
        string video = DataFolder.ResultPath(job.Id, $"video-{job.Attempt}.mp4"), thumbnail = DataFolder.ResultPath(job.Id, $"thumbnail-{job.Attempt}.jpg");
        var picture = made.Thumbnail ?? await Thumbnails.MakeAsync(output, cancellation);
        if (picture is not null)
        {
            await File.WriteAllBytesAsync(output + ".jpg", picture, cancellation);
            await _store.KeepAsync(output + ".jpg", thumbnail, "image/jpeg", cancellation);
        }
        var (bytes, sha256) = await Thumbnails.HashAsync(output, cancellation);
        await _store.KeepAsync(output, video, "video/mp4", cancellation);
        return new JobResult
        {
            Path = video,
            ThumbnailPath = picture is null ? null : thumbnail,
            Bytes = bytes,
            Sha256 = sha256,
            Width = made.Width,
            Height = made.Height,
            Seconds = made.Seconds,
            GenerationSeconds = clock.Elapsed.TotalSeconds,
            Notice = made.Notice,
        };
    }

    private JobError ErrorOf(Exception exception) => exception switch
    {
        InputException input => input.ToError(),
        Media.MediaException { Code: Media.MediaErrorCodes.OutputFailed } failed => new JobError(JobError.Internal, failed.Message, true),
        Media.MediaException media => new JobError(media.Code, media.Message, false),
        Generation.WrongResultException wrong => new JobError(JobError.NotFinite, wrong.Message, false),
        DeviceOutOfMemoryException => new JobError(JobError.GpuOutOfMemory, $"{_options.Device} has too little memory for this job", true),
        OperationCanceledException => new JobError(JobError.TimedOut, $"took longer than {_options.LongestRun.TotalHours:0.##} h", true),
        _ => new JobError(JobError.Internal, $"the generator failed: {exception.Message.ReplaceLineEndings(" ")}", true),
    };

    private async Task BeatAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await Queue.HeartbeatAsync(_report);
            }
            catch (Exception exception)
            {
                LogNoLease(exception.Message);
            }
            await Task.Delay(Heartbeat, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Job} begins, attempt {Attempt}")]
    private partial void LogBegins(string job, int attempt);

    [LoggerMessage(LogLevel.Warning, "{Notice}")]
    private partial void LogNotice(string notice);

    [LoggerMessage(LogLevel.Information, "{Job} is done after {Seconds:F2} s")]
    private partial void LogEnds(string job, double seconds);

    [LoggerMessage(LogLevel.Information, "{Job} stops: {Reply}")]
    private partial void LogStopped(string job, LeaseReply reply);

    [LoggerMessage(LogLevel.Error, "{Job} failed: {Code}")]
    private partial void LogFailed(Exception exception, string job, string code);

    [LoggerMessage(LogLevel.Warning, "the service does not answer: {Reason}")]
    private partial void LogNoLease(string reason);
}
