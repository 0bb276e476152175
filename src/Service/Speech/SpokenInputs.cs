using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Media.Captions;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.TextToSpeech;
using Locutor.TextToSpeech.Engines;

namespace Locutor.Service.Speech;

/// <summary>
/// Speaks the text of a submission before the job is accepted, so that its length is known and limited. The sound of each person, their
/// mix, the text and its captions become inputs of the job.
/// </summary>
internal sealed partial class SpokenInputs(
    VoiceCatalogue catalogue, InputStore inputs, DataFolder folder, ServeSettings settings, ILogger<SpokenInputs> logger) : IDisposable
{
    /// <summary>The field of the input with the voices of two people in one sound.</summary>
    private const string Sound = "sound";

    /// <summary>The field of the input with the captions, as WebVTT.</summary>
    public const string Captions = "captions";

    private const int RetrySeconds = 5;
    private readonly SemaphoreSlim turns = new(Math.Max(2, Environment.ProcessorCount));

    /// <summary>Returns the sound of the whole spoken text of a job; null for a job without a text.</summary>
    public static JobInput? SoundOf(JobRequest request) =>
        Find(request, VideoFields.Text.Name) is null ? null : Find(request, Sound) ?? Find(request, VideoFields.Audio.Name);

    /// <summary>
    /// Returns the path of a job's captions: of its text, or of its transcript once the video is made; null for a job without them.
    /// </summary>
    public static string? CaptionsOf(JobRecord job) => Find(job.Request, Captions)?.Path ?? job.Result?.CaptionsPath;

    public void Dispose() => turns.Dispose();

    /// <summary>Speaks a text and stores the results.</summary>
    /// <exception cref="ProblemException">
    /// Status 413: the speech is too long. 422: there is no such voice, or the text cannot be spoken. 503: the engine failed.
    /// </exception>
    public async Task<IReadOnlyList<JobInput>> StoreAsync(string jobId, ResolvedRequest asked, CancellationToken cancellationToken)
    {
        string spoken = folder.Aside();
        await turns.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(spoken);
            var narrator = new Narrator(catalogue);
            var script = asked.Script!;
            var voices = await narrator.VoicesAsync(
                script, asked.Request[VideoFields.Voice], asked.Request[VideoFields.Voice2], cancellationToken);
            var narration = await narrator.SpeakAsync(script, voices, spoken, settings.MaxAudioSeconds, cancellationToken);
            if (narration.Note is { } note) LogNote(jobId, note);
            return await StoreAsync(jobId, narration, script, cancellationToken);
        }
        catch (SpeechException failure)
        {
            throw Problem(failure);
        }
        finally
        {
            turns.Release();
            if (Directory.Exists(spoken))
                Directory.Delete(spoken, recursive: true);
        }
    }

    private async Task<IReadOnlyList<JobInput>> StoreAsync(
        string jobId, Narration narration, Script script, CancellationToken cancellationToken)
    {
        var stored = new List<JobInput>();
        string[] fields = [VideoFields.Audio.Name, VideoFields.Audio2.Name];
        for (int person = 0; person < narration.Paths.Count; person++)
            stored.Add(await StoreSoundAsync(jobId, fields[person], narration.Paths[person], cancellationToken));
        if (narration.Paths.Count > 1)
            stored.Add(await StoreSoundAsync(jobId, Sound, narration.SoundPath, cancellationToken));
        stored.Add(
            await inputs.StoreTextAsync(
                jobId, VideoFields.Text.Name, ".txt", script.ToString(), "text/plain; charset=utf-8", cancellationToken));
        stored.Add(await inputs.StoreTextAsync(
            jobId, Captions, ".vtt", CaptionFile.ToWebVtt(narration.Cues), "text/vtt; charset=utf-8", cancellationToken));
        return stored;
    }

    private static JobInput? Find(JobRequest request, string field) => request.Inputs.FirstOrDefault(input => input.Field == field);

    private async Task<JobInput> StoreSoundAsync(string jobId, string field, string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return await inputs.StoreAsync(jobId, field, file, ExpectedMedia.Sound, cancellationToken);
    }

    private static ProblemException Problem(SpeechException failure)
    {
        var (status, code) = failure.Fault switch
        {
            SpeechFault.TooLong => (413, JobError.TooLarge),
            SpeechFault.EngineFailed => (503, "speech_failed"),
            _ => (422, JobError.InvalidRequest),
        };
        return new ProblemException(status, code, $"{failure.Field}: {failure.Message}")
        {
            Errors = new Dictionary<string, string[]> { [failure.Field] = [failure.Message] },
            RetryAfter = status == 503 ? RetrySeconds : null,
        };
    }

    [LoggerMessage(LogLevel.Information, "job {Job}: {Note}")]
    private partial void LogNote(string job, string note);
}
