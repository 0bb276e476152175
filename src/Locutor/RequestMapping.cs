using System.Globalization;
using System.Security.Cryptography;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.TextToSpeech;

namespace Locutor;

/// <summary>
/// Converts a request of the library to the fields of <see cref="VideoFields"/>, so that library, command line and service check the same
/// ranges.
/// </summary>
internal static class RequestMapping
{
    /// <summary>The values of the field <c>captions</c>, in the order of <see cref="VideoCaptions"/>.</summary>
    private static readonly string[] CaptionNames = ["off", "srt", "vtt", "embedded", "burnt"];

    /// <summary>Checks a request against a bundle and returns its settings.</summary>
    /// <exception cref="RequestException">A value is not allowed; the exception names every such value.</exception>
    public static VideoSettings Resolve(this TalkingVideoRequest request, Bundle bundle, string preset)
    {
        if (request.Audio.Text is not null && request.SecondAudio is not null)
        {
            throw new RequestException(
                "second_audio", "expected no second sound with a text; lines that begin with B: are the second person's");
        }
        if (request.Image.Text is not null || request.SecondAudio?.Text is not null)
        {
            throw new RequestException(
                request.Image.Text is not null ? VideoFields.Image.Name : "second_audio", "expected a file or its contents, found a text");
        }
        if (request.Boxes.Count > 0 && request.SecondAudio is null && request.Audio.Text?.Script.IsDialogue != true)
            throw new RequestException(VideoFields.Boxes.Name, "expected boxes only with two voices, found one voice");
        CheckWords(request);
        int[][]? boxes = request.Boxes.Count == 0
            ? null
            : [.. request.Boxes.Select(box => new[] { box.Left, box.Top, box.Right, box.Bottom })];
        return VideoSettings.Resolve(bundle, VideoRequest.Empty
            .With(VideoFields.Preset, preset)
            .With(VideoFields.AudioType, request.SecondVoice == SecondVoice.AfterTheFirst ? "add" : "para")
            .With(VideoFields.Boxes, boxes)
            .With(VideoFields.Prompt, request.Prompt)
            .With(VideoFields.NegativePrompt, request.NegativePrompt)
            .With(VideoFields.Size, request.Size)
            .With(VideoFields.Steps, request.Steps)
            .With(VideoFields.Shift, request.Shift)
            .With(VideoFields.TextGuidance, request.TextGuidance)
            .With(VideoFields.AudioGuidance, request.AudioGuidance)
            .With(VideoFields.ProjectedGuidance, request.ProjectedGuidance)
            .With(VideoFields.GuidedSteps, request.GuidedSteps)
            .With(VideoFields.MotionFrames, request.MotionFrames)
            .With(VideoFields.ColourCorrection, request.ColourCorrection)
            .With(VideoFields.StepCache, request.StepCache)
            .With(VideoFields.Captions, CaptionNames[(int)request.Captions])
            .With(VideoFields.Height, request.Height)
            .With(VideoFields.FramesPerSecond, request.FramesPerSecond?.ToString(CultureInfo.InvariantCulture))
            .With(VideoFields.AddedFrames, request.InterpolateFrames ? "interpolate" : "repeat")
            .With(VideoFields.Seed, request.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue)));
    }

    /// <summary>Checks that captions have a text or a transcript, and that a request does not have both.</summary>
    private static void CheckWords(TalkingVideoRequest request)
    {
        if (request.Transcript is { } words
            && (request.Audio.Text is null ? Script.Fault(words) : "expected no transcript with a text") is { } fault)
        {
            throw new RequestException(VideoFields.Transcript.Name, fault);
        }
        if (request.Captions != VideoCaptions.Off && request.Audio.Text is null && request.Transcript is null)
            throw new RequestException(VideoFields.Captions.Name, "expected captions only with a text or a transcript, found neither");
    }
}
