using Locutor.Jobs.Records;

namespace Locutor.Service.Workers;

/// <summary>The job of a runner, for one attempt.</summary>
/// <param name="Inputs">Absolute paths by field.</param>
/// <param name="OutputPath">Where the finished video goes; it is in place only when the runner returns.</param>
/// <param name="WorkFolder">Kept between attempts of one job, for what a later attempt can go on from.</param>
public sealed record RunnerJob(string Id, JobRequest Request, IReadOnlyDictionary<string, string> Inputs, string OutputPath, string WorkFolder);

/// <summary>The finished video.</summary>
/// <param name="Thumbnail">A small JPEG, if the runner has one at hand; else it is made from the video.</param>
/// <param name="Notice">A note on the inputs, which the progress reported too.</param>
public sealed record RunnerVideo(int Width, int Height, double Seconds, byte[]? Thumbnail = null, string? Notice = null);

/// <summary>Makes one video at a time on one device and keeps its model warm between them.</summary>
public interface IVideoRunner : IAsyncDisposable
{
    /// <summary>Name of the loaded model, for the list of workers.</summary>
    string Model { get; }

    /// <summary>Told what an operator should know, such as an operation that this machine computes wrongly.</summary>
    Action<string>? Notice
    {
        get => null;
        set { }
    }

    /// <summary>Told the model and the seconds after a model was loaded.</summary>
    Action<string, double>? Loaded
    {
        get => null;
        set { }
    }

    /// <summary>Loads what every job needs.</summary>
    Task LoadAsync(CancellationToken cancellation);

    /// <exception cref="Torch.DeviceOutOfMemoryException">The device has too little memory for this job; others may still run.</exception>
    /// <exception cref="Inputs.InputException">The inputs or settings cannot be used.</exception>
    Task<RunnerVideo> RunAsync(RunnerJob job, IProgress<JobProgress> progress, CancellationToken cancellation);
}
