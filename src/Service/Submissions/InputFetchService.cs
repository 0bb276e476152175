using Locutor.Generation.Requests;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Service.Availability;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Telemetry;

namespace Locutor.Service.Submissions;

/// <summary>Fetches one input of a job from its URL and stores it.</summary>
public delegate Task<JobInput> FetchInput(string jobId, JobInput input, CancellationToken cancellationToken);

/// <summary>
/// Fetches the inputs of accepted jobs from their URLs, for several jobs at a time. If the service crashes during a fetch, the queue hands
/// the job out again and its inputs are fetched anew.
/// </summary>
public sealed partial class InputFetchService(
    IGrainFactory grains, FetchInput fetch, ModelCatalog catalog, ServeSettings settings, TimeProvider time,
    ILogger<InputFetchService> logger) : BackgroundService
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StorePatience = TimeSpan.FromHours(1);

    private readonly TimeSpan beat = TimeSpan.FromSeconds(settings.LeaseSeconds / 3);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, settings.FetchInParallel).Select(_ => RunAsync(stoppingToken)));

    private Task RunAsync(CancellationToken cancellationToken)
    {
        var queue = grains.GetGrain<IQueueGrain>(IQueueGrain.Key);
        return Rounds.RunAsync(RoundAsync, TimeSpan.FromSeconds(1), time, LogWaits, LogFailed, cancellationToken);

        async Task RoundAsync()
        {
            if (await queue.NextToFetchAsync(Wait).WaitAsync(cancellationToken) is { } job)
                await FetchAsync(job, cancellationToken);
        }
    }

    private async Task FetchAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IJobGrain>(job.Id);
        using var span = Tracing.Start("fetch inputs", job);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var beating = BeatAsync(job.Id, over.Token);
        try
        {
            var (inputs, error) = await BringAsync(job, cancellationToken);
            if (inputs is not null)
                await grain.StoreInputsAsync(inputs);
            else if (error is not null)
                await grain.RejectAsync(error);
        }
        finally
        {
            await over.CancelAsync();
            await beating;
        }
    }

    /// <summary>
    /// Fetches all inputs of a job. Returns the inputs, or the error with which the job fails. Returns neither when the store fails
    /// within an hour of the submission: then the queue hands the job out again later.
    /// </summary>
    private async Task<(JobInput[]? Inputs, JobError? Error)> BringAsync(JobRecord job, CancellationToken cancellationToken)
    {
        try
        {
            var stored = new List<JobInput>();
            foreach (var input in job.Request.Inputs)
                stored.Add(input.Path is not null ? input : await fetch(job.Id, input, cancellationToken));
            var request = StoredRequest.Load(job.Request);
            if (request[VideoFields.Boxes] is not null
                && BoxCheck.Fault(VideoSettings.Resolve(catalog.Find(request[VideoFields.Model]), request), stored) is { } fault)
            {
                throw new InputException(JobError.InvalidRequest, $"{VideoFields.Boxes.Name}: {fault}", false);
            }

            return ([.. stored], null);
        }
        catch (RequestException exception)
        {
            return (null, new JobError(JobError.InvalidRequest, exception.Message, false));
        }
        catch (InputException exception)
        {
            return (null, exception.ToError());
        }
        catch (WrongKindException exception)
        {
            return (null, new JobError(JobError.UnsupportedMedia, exception.Message, false));
        }
        catch (IOException exception)
        {
            LogFailed(exception);
            return (
                null,
                time.GetUtcNow() - job.CreatedAt < StorePatience
                    ? null
                    : new JobError(JobError.Internal, "the inputs could not be stored", true));
        }
    }

    /// <summary>Reports to the queue three times per lease that the fetch is under way, so that no other fetcher gets the job.</summary>
    private async Task BeatAsync(string job, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(beat, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellationToken.IsCancellationRequested)
                grains.GetGrain<IQueueGrain>(IQueueGrain.Key).FetchingAsync(job).Ignore();
        }
    }

    [LoggerMessage(LogLevel.Warning, "inputs cannot be fetched until the queue answers: {Reason}")]
    private partial void LogWaits(string reason);

    [LoggerMessage(LogLevel.Error, "fetching inputs failed")]
    private partial void LogFailed(Exception exception);
}
