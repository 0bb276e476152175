using Locutor.Generation;
using Locutor.Generation.Parts;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Media;
using Locutor.Media.Captions;
using Locutor.Service.Inputs;
using Locutor.Service.Speech;
using Locutor.TextToSpeech;

namespace Locutor.Service.Workers;

/// <summary>Turns the jobs of a worker into requests of the generator.</summary>
public static class RunnerRequests
{
    private static readonly MediaLimits Limits = new() { MaxSeconds = 24 * 3600 };

    /// <summary>Creates the request of a job, or of the part that the job makes.</summary>
    /// <param name="job">The job.</param>
    /// <param name="settings">The settings of the job.</param>
    /// <param name="notice">Receives messages for the user about the generation; null for nobody.</param>
    public static ProductionRequest Create(RunnerJob job, VideoSettings settings, Action<string>? notice)
    {
        var whole = new ProductionRequest
        {
            ImagePath = job.Inputs.TryGetValue("image", out string? image) ? image : job.Inputs["video"],
            AudioPaths = job.Inputs.TryGetValue("audio2", out string? second) ? [job.Inputs["audio"], second] : [job.Inputs["audio"]],
            OutputPath = job.OutputPath,
            // The service keeps an mp4 and makes other formats and files of captions when they are fetched.
            Settings = settings with { Output = settings.Output with { Format = null, CaptionFile = null } },
            Cues = job.Inputs.TryGetValue(SpokenInputs.Captions, out string? captions)
                ? CaptionFile.FromWebVtt(File.ReadAllText(captions))
                : [],
            Transcript = job.Inputs.TryGetValue(VideoFields.Transcript.Name, out string? words)
                ? Script.Parse(File.ReadAllText(words)).Words
                : null,
            Live = job.Live,
            LiveFrames = job.LiveFrames,
            Growing = job.Growing,
            Previews = true,
            Notice = notice,
        };
        return job.Request.Part is { } part
            ? whole with { Part = new VideoPart(part.First, part.Frames), Live = null }
            : whole;
    }

    /// <summary>Opens the inputs of a request.</summary>
    /// <exception cref="InputException">The request does not fit its inputs.</exception>
    public static async Task<VideoProduction> OpenAsync(ProductionRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await VideoProduction.OpenAsync(request, Limits, cancellationToken);
        }
        catch (RequestException exception)
        {
            throw new InputException(JobError.InvalidRequest, exception.Message, false, exception);
        }
    }
}
