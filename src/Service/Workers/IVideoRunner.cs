using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Media.Video.Segments;

namespace Locutor.Service.Workers;

/// <summary>The job of a runner, for one attempt.</summary>
/// <param name="Inputs">The absolute paths of the inputs, by field.</param>
/// <param name="OutputPath">The path of the finished video. The file is complete only after the runner returns.</param>
/// <param name="WorkFolder">A folder that is kept between the attempts of a job, so that a later attempt can resume.</param>
public sealed record RunnerJob(
    string Id, JobRequest Request, IReadOnlyDictionary<string, string> Inputs, string OutputPath, string WorkFolder)
{
    /// <summary>Receives every clip that is finished, so that it can be watched while the job runs; null for none.</summary>
    public Func<VideoSegment, CancellationToken, Task>? Live { get; init; }

    /// <summary>Number of frames that earlier attempts have passed to <see cref="Live"/>.</summary>
    public int LiveFrames { get; init; }

    /// <summary>Receives the path of the file of a part, which can be read while it grows; null for none.</summary>
    public Action<string>? Growing { get; init; }
}

/// <summary>A finished video. Width and Height are in pixels, Seconds is the duration.</summary>
/// <param name="Thumbnail">A small JPEG; null makes the worker create one from the video.</param>
/// <param name="Notice">A notice about the inputs, which the progress reported too; null when there is none.</param>
/// <param name="Captions">Captions of a transcript as WebVTT; null when there are none.</param>
public sealed record RunnerVideo(
    int Width, int Height, double Seconds, byte[]? Thumbnail = null, string? Notice = null, string? Captions = null);

/// <summary>The request of a job as the generator gets it, and the name of its model.</summary>
public sealed record RunnerRequest(ProductionRequest Request, string Model);

/// <summary>Generates one video at a time on one device. It keeps the model loaded between jobs.</summary>
public interface IVideoRunner : IAsyncDisposable
{
    /// <summary>The name of the loaded model, for the list of workers.</summary>
    string Model { get; }

    /// <summary>The models that this runner can run and the memory of its device.</summary>
    WorkerOffer Offer => WorkerOffer.Everything;

    /// <summary>A callback for messages to the operator, for example that this machine computes an operation wrongly.</summary>
    Action<string>? Notice
    {
        get => null;
        set { }
    }

    /// <summary>A callback after a model was loaded, with the name of the model and the seconds that it took.</summary>
    Action<string, double>? Loaded
    {
        get => null;
        set { }
    }

    /// <summary>Loads the networks that every job needs.</summary>
    Task LoadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Returns the request of a job, from which its video can be divided into parts and joined; null if this runner makes no parts.
    /// </summary>
    /// <exception cref="Inputs.InputException">The settings cannot be used.</exception>
    RunnerRequest? Describe(RunnerJob job) => null;

    /// <summary>Generates the video of a job, or its <see cref="JobRequest.Part"/>, and reports its progress.</summary>
    /// <exception cref="Torch.DeviceOutOfMemoryException">The device has too little memory for this job; others may still run.</exception>
    /// <exception cref="Inputs.InputException">The inputs or settings cannot be used.</exception>
    Task<RunnerVideo> RunAsync(RunnerJob job, IProgress<JobProgress> progress, CancellationToken cancellationToken);
}
