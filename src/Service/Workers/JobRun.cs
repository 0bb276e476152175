using System.Diagnostics;
using System.Text;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Media;
using Locutor.Media.Video.Segments;
using Locutor.Service.Files;
using Locutor.Service.Inputs;
using Locutor.Service.Live;
using Locutor.Service.Telemetry;
using Locutor.Torch;

namespace Locutor.Service.Workers;

/// <summary>
/// The outcome of an attempt for the health of the worker. If all values are false, the attempt was stopped or handed back.
/// </summary>
internal sealed record JobOutcome(bool Succeeded = false, bool Failed = false, WorkerFaultException? Fault = null);

/// <summary>
/// Runs one attempt on this worker: copies the inputs, runs the generator, stores the result and reports the outcome to the job.
/// </summary>
internal sealed partial class JobRun(
    IGrainFactory grains, IVideoRunner runner, DataFolder folder, IFileStore store, WorkerOptions options, TimeProvider time,
    ILogger logger)
{
    private readonly PartedRun parts = new(grains, runner, folder, store);
    private readonly ClipHandover handover = new(store, folder);

    private static readonly TimeSpan StallCheck = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StallGrace = TimeSpan.FromMinutes(1);

    /// <summary>Runs the job and reports its outcome.</summary>
    /// <param name="drain">Requests a graceful stop: the job may run for a limited time and is then handed back.</param>
    /// <param name="abort">Stops the job at once.</param>
    public async Task<JobOutcome> RunAsync(JobRecord job, CancellationToken drain, CancellationToken abort)
    {
        LogBegins(job.Id, job.Attempt);
        var grain = grains.GetGrain<IJobGrain>(job.Id);
        await using var attempt = new Attempt(grain, job.Attempt, options.ReportPatience, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(attempt.Stopped, abort);
        limit.CancelAfter(options.LongestRun);
        using var watchdog = time.CreateTimer(_ => StopIfStalled(attempt, limit), null, StallCheck, StallCheck);
        await using var draining = drain.Register(() => limit.CancelAfter(options.Drain));
        var clock = Stopwatch.StartNew();
        using var span = Tracing.Start("run", job)?.SetTag("locutor.device", options.Device);
        try
        {
            var result = await MakeAsync(job, attempt, clock, limit.Token);
            if (!await attempt.EndAsync(() => grain.SucceedAsync(job.Attempt, result)))
            {
                LogNotReported(job.Id);
                return new JobOutcome();
            }
            LogEnds(job.Id, clock.Elapsed.TotalSeconds);
            await RemoveWorkAsync(job);
            return new JobOutcome(Succeeded: true);
        }
        catch (Exception) when (attempt.Stopped.IsCancellationRequested)
        {
            // Any exception may occur here, since a canceled job may have lost its files too.
            LogStopped(job.Id, attempt.Reply);
            if (attempt.Reply is LeaseReply.Canceled)
                await RemoveWorkAsync(job);
            return new JobOutcome();
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested || drain.IsCancellationRequested)
        {
            if (!abort.IsCancellationRequested)
                await SaveClipsAsync(job);
            await attempt.EndAsync(() => grain.HandBackAsync(job.Attempt));
            return new JobOutcome();
        }
        catch (Exception exception)
        {
            return await FailAsync(job, grain, attempt, span, exception);
        }
    }

    private async Task<JobOutcome> FailAsync(JobRecord job, IJobGrain grain, Attempt attempt, Activity? span, Exception exception)
    {
        var error = exception is OperationCanceledException && attempt.Stall >= options.LongestStall
            ? StallOf(attempt)
            : ErrorOf(exception);
        LogFailed(exception, job.Id, error.Code);
        span?.SetStatus(ActivityStatusCode.Error, error.Code);
        var fault = exception as WorkerFaultException ?? (IsOfDevice(exception) ? new WorkerFaultException("device", exception) : null);
        bool isOver = await attempt.EndAsync(
            () => fault is null ? grain.FailAsync(job.Attempt, error) : grain.RefuseAsync(job.Attempt, error));
        if (isOver && fault is null)
            await RemoveWorkAsync(job);
        return fault is null ? new JobOutcome(Failed: true) : new JobOutcome(Fault: fault);
    }

    /// <summary>Stores the finished clips for the next worker. Without them the job begins again, so a failure is only logged.</summary>
    private async Task SaveClipsAsync(JobRecord job)
    {
        using var patience = new CancellationTokenSource(ClipHandover.Patience);
        try
        {
            await handover.SaveAsync(job.Id, patience.Token);
        }
        catch (Exception exception)
        {
            LogNotHandedOver(exception, job.Id);
        }
    }

    private Task RemoveWorkAsync(JobRecord job)
    {
        folder.RemoveWork(job.Id);
        return parts.EndAsync(job);
    }

    private void StopIfStalled(Attempt attempt, CancellationTokenSource limit)
    {
        try
        {
            if (attempt.Stall >= options.LongestStall)
                limit.Cancel();
            if (attempt.Stall >= options.LongestStall + StallGrace)
            {
                // The job did not stop when asked, for example because a driver call never returns. Only a new process helps.
                LogStuck(attempt.Stall.TotalMinutes);
                Process.GetCurrentProcess().Kill();
            }
        }
        catch (ObjectDisposedException)
        {
            // The attempt has just ended.
        }
    }

    private JobError StallOf(Attempt attempt) => new(
        JobError.TimedOut,
        $"made no progress for {options.LongestStall.TotalMinutes:0.##} min in the stage " +
        $"{(attempt.Latest?.Stage ?? JobStage.Loading).ToString().ToLowerInvariant()}",
        true);

    private async Task<JobResult> MakeAsync(JobRecord job, Attempt attempt, Stopwatch clock, CancellationToken cancellationToken)
    {
        string work = folder.WorkFolder(job.Id);
        Directory.CreateDirectory(work);
        if (job.Attempt > 1)
            await WorkerFaultException.WatchAsync("store", () => handover.LoadAsync(job.Id, cancellationToken));
        var inputs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var input in job.Request.Inputs)
        {
            inputs[input.Field] = await WorkerFaultException.WatchAsync(
                "store", () => store.OnDiskAsync(input.Path!, work, cancellationToken));
        }
        // The file name is unique per attempt: an old attempt that was thought dead but still runs must not touch the file of the next one.
        string output = Path.Combine(work, $"video-{job.Attempt}.mp4");
        var live = await WorkerFaultException.WatchAsync(
            "store", () => LivePublisher.OpenAsync(store, folder, job.Id, job.Attempt, cancellationToken));
        attempt.LiveSeconds = live.Seconds;
        var made = await GenerateAsync(
            job, new RunnerJob(job.Id, job.Request, inputs, output, work) { Live = PublishAsync, LiveFrames = live.Frames }, attempt,
            cancellationToken);
        string video = DataFolder.ResultPath(job.Id, $"video-{job.Attempt}.mp4"),
            thumbnail = DataFolder.ResultPath(job.Id, $"thumbnail-{job.Attempt}.jpg");
        byte[]? picture = made.Thumbnail ?? await Thumbnails.MakeAsync(output, cancellationToken);
        if (picture is not null) await KeepAsync(picture, thumbnail, "image/jpeg", cancellationToken);
        string? captions = made.Captions is null ? null : DataFolder.ResultPath(job.Id, $"captions-{job.Attempt}.vtt");
        if (captions is not null) await KeepAsync(Encoding.UTF8.GetBytes(made.Captions!), captions, "text/vtt", cancellationToken);
        var (bytes, sha256) = await Thumbnails.HashAsync(output, cancellationToken);
        await WorkerFaultException.WatchAsync("store", () => store.KeepAsync(output, video, "video/mp4", cancellationToken));
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
            StageSeconds = attempt.StageSeconds,
            CaptionsPath = captions,
            Device = DeviceKind.Describe(options),
        };

        async Task PublishAsync(VideoSegment segment, CancellationToken cancellationToken)
        {
            await WorkerFaultException.WatchAsync("store", () => live.PublishAsync(segment, cancellationToken));
            attempt.LiveSeconds = live.Seconds;
        }
    }

    /// <exception cref="InputException">An input has a fault that is found only now; the message names its field.</exception>
    private async Task<RunnerVideo> GenerateAsync(
        JobRecord job, RunnerJob whole, IProgress<JobProgress> progress, CancellationToken cancellationToken)
    {
        try
        {
            return await parts.RunAsync(job, whole, progress, cancellationToken);
        }
        catch (MediaException fault) when (whole.Inputs.FirstOrDefault(
            input => fault.Message.StartsWith(input.Value + ": ", StringComparison.Ordinal)) is { Key: not null } found)
        {
            throw new InputException(fault.Code, $"{found.Key}: {MediaInspector.WithoutPath(fault.Message, found.Value)}", false, fault);
        }
    }

    private Task KeepAsync(byte[] bytes, string path, string contentType, CancellationToken cancellationToken) =>
        WorkerFaultException.WatchAsync("store", () => store.KeepAsync(folder, bytes, path, contentType, cancellationToken));

    private JobError ErrorOf(Exception exception) => exception switch
    {
        InputException input => input.ToError(),
        MediaException { Code: MediaErrorCodes.OutputFailed } failed => new JobError(JobError.Internal, failed.Message, true),
        MediaException media => new JobError(media.Code, media.Message, false),
        Generation.Guard.WrongResultException wrong => new JobError(JobError.NotFinite, wrong.Message, false),
        DeviceOutOfMemoryException => new JobError(JobError.GpuOutOfMemory, $"{options.Device} has too little memory for this job", true),
        OperationCanceledException => new JobError(JobError.TimedOut, $"took longer than {options.LongestRun.TotalHours:0.##} h", true),
        _ => new JobError(JobError.Internal, $"the generator failed: {exception.Message.ReplaceLineEndings(" ")}", true),
    };

    /// <summary>
    /// Returns whether an error comes from the GPU or its driver, so that the next job would fail too. Out of memory counts as a fault of
    /// the job.
    /// </summary>
    private static bool IsOfDevice(Exception exception) =>
        exception is not DeviceOutOfMemoryException && exception.Message.Contains("CUDA error", StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(LogLevel.Critical, "the job has not moved for {Minutes:F1} min and cannot be stopped: this worker ends")]
    private partial void LogStuck(double minutes);

    [LoggerMessage(LogLevel.Warning, "the finished clips of {Job} could not be stored for the next worker")]
    private partial void LogNotHandedOver(Exception exception, string job);

    [LoggerMessage(LogLevel.Information, "{Job} begins, attempt {Attempt}")]
    private partial void LogBegins(string job, int attempt);

    [LoggerMessage(LogLevel.Information, "{Job} is done after {Seconds:F2} s")]
    private partial void LogEnds(string job, double seconds);

    [LoggerMessage(LogLevel.Warning, "the end of {Job} could not be stored; its next attempt continues from the finished clips")]
    private partial void LogNotReported(string job);

    [LoggerMessage(LogLevel.Information, "{Job} stops: {Reply}")]
    private partial void LogStopped(string job, LeaseReply reply);

    [LoggerMessage(LogLevel.Error, "{Job} failed: {Code}")]
    private partial void LogFailed(Exception exception, string job, string code);
}
