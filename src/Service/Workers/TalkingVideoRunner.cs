using System.Diagnostics;
using System.Text.Json;
using Locutor.Generation.Clips;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Media.Captions;
using Locutor.Models;
using Locutor.Service.Inputs;
using Locutor.Service.Submissions;
using static TorchSharp.torch;

namespace Locutor.Service.Workers;

/// <summary>A bundle with the function that loads its networks onto a device.</summary>
public sealed record RunnerModel(Bundle Bundle, Func<Device, IReadOnlyList<BundleAdapter>, NetworkSet> Load)
{
    /// <summary>Refuses adapters that do not fit the model; null checks nothing.</summary>
    public Action<IReadOnlyList<BundleAdapter>>? Check { get; init; }
}

/// <summary>
/// Generates talking videos with the networks of a bundle. The networks of the last job stay loaded, since most jobs use the same ones. A
/// job with other adapters loads them again from their files, so nothing of the adapters of an earlier job remains.
/// </summary>
/// <param name="deviceName">Either cpu or cuda:N.</param>
/// <param name="defaultModel">The model for jobs that name none; null for the default of the program.</param>
/// <param name="find">Returns the model with a name; for null, the default model.</param>
/// <param name="offer">Returns the jobs that this worker can run; null for all.</param>
public sealed class TalkingVideoRunner(
    string deviceName, string? defaultModel, Func<string?, RunnerModel> find, Func<WorkerOffer>? offer = null) : IVideoRunner
{
    private readonly Device device = device(deviceName);
    private NetworkSet? networks;
    private IReadOnlyList<BundleAdapter> merged = [];

    public string Model => networks?.Bundle.Name ?? "";

    public WorkerOffer Offer => offer?.Invoke() ?? WorkerOffer.Everything;

    public Action<string>? Notice { get; set; }

    public Action<string, double>? Loaded { get; set; }

    public Task LoadAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var model = find(defaultModel);
            Networks(model, VideoSettings.Resolve(model.Bundle, VideoRequest.Empty).Adapters);
        },
        cancellationToken);

    public RunnerRequest Describe(RunnerJob job)
    {
        var (model, settings) = Resolve(job.Request);
        return new RunnerRequest(RunnerRequests.Create(job, settings, Notice), model.Bundle.Name);
    }

    public async Task<RunnerVideo> RunAsync(RunnerJob job, IProgress<JobProgress> progress, CancellationToken cancellationToken)
    {
        var (model, settings) = Resolve(job.Request);
        var request = RunnerRequests.Create(job, settings, Notice);
        await using var video = await RunnerRequests.OpenAsync(request, cancellationToken);
        progress.Report(new JobProgress { Stage = JobStage.Loading });
        var archive = new ClipArchive(job.WorkFolder, JsonSerializer.Serialize(new { job.Id, model.Bundle.Name, job.Request }));
        return await Task.Run(
            async () =>
            {
                var networks = Networks(model, settings.Adapters);
                string? notice = NoticeOf(request, video.Notes, await video.FitNoticeAsync(networks, cancellationToken));
                var result = await video.ProduceAsync(networks, new RunnerProgress(progress, notice), archive, cancellationToken);
                string? captions = request.Transcript is null ? null : CaptionFile.ToWebVtt(result.Cues);
                return new RunnerVideo(result.Width, result.Height, result.Seconds, Notice: notice, Captions: captions);
            },
            CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        networks?.Dispose();
        return ValueTask.CompletedTask;
    }

    private (RunnerModel Model, VideoSettings Settings) Resolve(JobRequest asked)
    {
        try
        {
            var request = StoredRequest.Load(asked);
            var model = find(request[VideoFields.Model] ?? defaultModel);
            var settings = VideoSettings.Resolve(model.Bundle, request);
            model.Check?.Invoke(settings.Adapters);
            return (model, settings);
        }
        catch (RequestException exception)
        {
            throw new InputException(JobError.InvalidRequest, exception.Message, false, exception);
        }
    }

    /// <summary>Combines the notices into one text for the user, without paths of this machine.</summary>
    private static string? NoticeOf(ProductionRequest request, IReadOnlyList<string> notes, string? fit)
    {
        string[] paths = [request.ImagePath, .. request.AudioPaths];
        var told = notes.Append(fit ?? "").Where(note => note.Length > 0)
            .Select(note => paths.Aggregate(
                note,
                (text, path) => text.Replace(
                    path + ": ", path == request.ImagePath ? "The picture: " : "The voice: ", StringComparison.Ordinal)));
        return string.Join(" ", told) is { Length: > 0 } notice ? notice : null;
    }

    private NetworkSet Networks(RunnerModel model, IReadOnlyList<BundleAdapter> adapters)
    {
        if (networks is not null && networks.Bundle.Name == model.Bundle.Name && merged.SequenceEqual(adapters))
            return networks;
        networks?.Dispose();
        networks = null;
        var clock = Stopwatch.StartNew();
        networks = model.Load(device, adapters);
        Loaded?.Invoke(model.Bundle.Name, clock.Elapsed.TotalSeconds);
        merged = adapters;
        foreach (string notice in networks.Notices)
            Notice?.Invoke(notice);
        return networks;
    }
}
