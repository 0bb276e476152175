using System.Text;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Media.Captions;
using Locutor.Service.Access;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Speech;
using Locutor.Service.Submissions;
using Locutor.Service.Views;
using Locutor.TextToSpeech;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoints of texts that are spoken: the voices, and the sound and the captions of a job.</summary>
internal static class SpeechEndpoints
{
    private static readonly string[] Methods = ["GET", "HEAD"];

    public static void Map(RouteGroupBuilder v1)
    {
        v1.MapGroup("").WithTags("Service").MapGet("/voices", VoicesAsync).Needs(TokenScopes.Read).Produces<VoicesView>()
            .ProducesProblems(401).WithName("getVoices").WithSummary("Voices that can speak a text")
            .WithDescription("The first voice is the default.");
        var files = v1.MapGroup("/jobs/{id}").WithTags("Results");
        files.MapMethods("/sound", Methods, SoundAsync).Needs(TokenScopes.Read).Produces(200, contentType: "audio/wav")
            .ProducesProblems(401, 404).WithName("getSound").WithSummary("The spoken text as a sound")
            .WithDescription(
                "For a job that was submitted with a text, as soon as it is accepted. The file is labelled as synthetic. With " +
                "?download it is offered as a file.");
        files.MapGet("/captions", CaptionsAsync).Needs(TokenScopes.Read).Produces(200, contentType: "text/vtt")
            .ProducesProblems(400, 401, 404).WithName("getCaptions").WithSummary("The captions of the video")
            .WithDescription(
                "For a job that was submitted with a text, as soon as it is accepted, or with a transcript, when the video is made. " +
                "WebVTT, or SubRip with ?format=srt. With ?download it is offered as a file.");
    }

    private static async Task<IResult> VoicesAsync(VoiceCatalogue catalogue, CancellationToken cancellationToken)
    {
        var (voices, faults) = await catalogue.ListAsync(cancellationToken);
        var names = VoiceCatalogue.ShortestNames(voices);
        return Results.Json(
            new VoicesView([.. voices.Select((voice, i) => new VoiceView(names[i], voice.Engine, voice.Language, voice.Title))], faults),
            Problems.Json);
    }

    private static async Task<IResult> SoundAsync(string id, HttpContext context, JobViews views, IFileStore store)
    {
        var job = await views.FindAsync(context.Caller(), id);
        var input = SpokenInputs.SoundOf(job.Request);
        if (input?.Path is not { } path || await store.OpenAsync(path, context.RequestAborted) is not { } sound)
        {
            throw new ProblemException(
                404, "not_found", "there is no spoken sound; this job has a voice of its own, or its files were removed");
        }
        Offer(context, FileNames.Output(job, "wav"));
        return Results.Stream(sound, input.ContentType, enableRangeProcessing: true);
    }

    private static async Task<IResult> CaptionsAsync(string id, HttpContext context, JobViews views, IFileStore store)
    {
        var job = await views.FindAsync(context.Caller(), id);
        string format = context.Request.Query["format"].FirstOrDefault()
            ?? (StoredRequest.Load(job.Request)[VideoFields.Captions] == "srt" ? "srt" : "vtt");
        if (format is not ("vtt" or "srt"))
            throw new ProblemException(400, JobError.InvalidRequest, $"format: expected vtt or srt, found '{format}'");
        if (SpokenInputs.CaptionsOf(job) is not { } path
            || await store.OpenAsync(path, context.RequestAborted) is not { } captions)
        {
            throw new ProblemException(404, "not_found", "there are no captions");
        }
        using var reader = new StreamReader(captions, Encoding.UTF8);
        string text = await reader.ReadToEndAsync(context.RequestAborted);
        Offer(context, FileNames.Output(job, format));
        return format == "vtt"
            ? Results.Text(text, "text/vtt", Encoding.UTF8)
            : Results.Text(CaptionFile.ToSubRip(CaptionFile.FromWebVtt(text)), "application/x-subrip", Encoding.UTF8);
    }

    private static void Offer(HttpContext context, string name)
    {
        FileNames.Describe(context, name);
        context.Response.Headers.CacheControl = "private, max-age=3600";
    }
}

/// <summary>A voice.</summary>
/// <param name="Name">The value for the fields voice and voice2. Names of espeak-ng may be followed by a variant, as in de+f3.</param>
/// <param name="Engine">The program or server that speaks.</param>
/// <param name="Language">The language as a tag, such as en-us; empty if it is not known.</param>
/// <param name="Title">A description for people.</param>
internal sealed record VoiceView(string Name, string Engine, string Language, string Title);

/// <summary>The voices of this service.</summary>
/// <param name="Voices">All voices; the first is the default.</param>
/// <param name="Faults">Why an engine has no voices in the list now; usually empty.</param>
internal sealed record VoicesView(IReadOnlyList<VoiceView> Voices, IReadOnlyList<string> Faults);
