using System.Security.Cryptography;
using Locutor.Generation.Requests;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;
using Locutor.Models;
using Locutor.TextToSpeech;

namespace Locutor;

/// <summary>
/// Converts a request of the library to the fields of <see cref="VideoFields"/>, so that library, command line and service check the same
/// ranges.
/// </summary>
internal static class RequestMapping
{
    /// <summary>The properties that are not named like their field.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        [VideoFields.Audio2.Name] = nameof(TalkingVideoRequest.SecondAudio),
        [VideoFields.AudioType.Name] = nameof(TalkingVideoRequest.SecondVoice),
        [VideoFields.FramesPerSecond.Name] = nameof(TalkingVideoRequest.FramesPerSecond),
        [VideoFields.AddedFrames.Name] = nameof(TalkingVideoRequest.InterpolateFrames),
    };

    /// <summary>Returns the property of a request or of the options for the name of a field: TextGuidance for text_guidance.</summary>
    public static string PropertyOf(string field) => OtherNames.TryGetValue(field, out string? property)
        ? property
        : string.Concat(field.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));

    /// <summary>Checks a request against a bundle and returns its settings.</summary>
    /// <param name="request">The request.</param>
    /// <param name="bundle">The model's bundle.</param>
    /// <param name="preset">One of the bundle's presets.</param>
    /// <param name="output">Path of the video, whose format is known to be supported; empty if no file is written.</param>
    /// <exception cref="RequestException">A value is not allowed; the exception names every such value.</exception>
    public static VideoSettings Resolve(TalkingVideoRequest request, Bundle bundle, string preset, string output)
    {
        var faults = new RequestFaults();
        var fields = Fields(request, preset);
        fields.Check(bundle, faults);
        CheckName(VideoFields.AudioType, request.SecondVoice, faults);
        CheckName(VideoFields.Captions, request.Captions, faults);
        CheckInputs(request, faults);
        CheckWords(request, output, faults);
        faults.ThrowIfAny();
        return VideoSettings.Resolve(bundle, fields);
    }

    /// <summary>Returns the fields of a request. A seed is drawn if it has none.</summary>
    internal static VideoRequest Fields(TalkingVideoRequest request, string preset) => VideoRequest.Empty
        .With(VideoFields.Preset, preset)
        .With(VideoFields.AudioType, request.SecondVoice == SecondVoice.AfterTheFirst ? "add" : "para")
        .With(VideoFields.Boxes, request.Boxes?.Select(box => new[] { box.Left, box.Top, box.Right, box.Bottom }).ToArray())
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
        .With(VideoFields.HeadMotion, request.HeadMotion)
        .With(VideoFields.StreamSpeech, request.StreamSpeech)
        .With(VideoFields.ColourCorrection, request.ColourCorrection)
        .With(VideoFields.StepCache, request.StepCache)
        .With(VideoFields.SkippedAttention, request.SkippedAttention)
        .With(VideoFields.Captions, NameOf(request.Captions))
        .With(VideoFields.Height, request.Height)
        .With(VideoFields.FramesPerSecond, request.FramesPerSecond)
        .With(VideoFields.AddedFrames, request.InterpolateFrames ? "interpolate" : "repeat")
        .With(VideoFields.Seed, request.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));

    /// <summary>Returns the value of the field <c>captions</c>.</summary>
    private static string NameOf(VideoCaptions captions) => captions switch
    {
        VideoCaptions.SubRip => "srt",
        VideoCaptions.WebVtt => "vtt",
        VideoCaptions.Embedded => "embedded",
        VideoCaptions.Burnt => "burnt",
        _ => "off",
    };

    private static void CheckName<T>(RequestField field, T value, RequestFaults faults) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
            faults.Add(field.Name, $"expected one of {string.Join(", ", Enum.GetNames<T>())}, found {value}");
    }

    /// <summary>Checks that the combination of inputs is valid.</summary>
    private static void CheckInputs(TalkingVideoRequest request, RequestFaults faults)
    {
        const string NoText = "expected a file or its contents, found a text";
        if (request.Image.Text is not null) faults.Add(VideoFields.Image.Name, NoText);
        if (request.SecondAudio is { } second)
        {
            if (request.Audio.Text is not null)
            {
                faults.Add(
                    VideoFields.Audio2.Name, "expected no second sound with a text; lines that begin with B: are the second person's");
            }
            else if (second.Text is not null)
            {
                faults.Add(VideoFields.Audio2.Name, NoText);
            }
        }
        else if (request.Boxes is { Count: > 0 } && request.Audio.Text?.Script.IsDialogue != true)
        {
            faults.Add(VideoFields.Boxes.Name, "expected boxes only with two voices, found one voice");
        }
    }

    /// <summary>
    /// Checks that captions have a text or a transcript and a place in the file, and that a request does not have both text and transcript.
    /// </summary>
    private static void CheckWords(TalkingVideoRequest request, string output, RequestFaults faults)
    {
        bool hasText = request.Audio.Text is not null;
        if (request.Transcript is { } words && (hasText ? "expected no transcript with a text" : Script.Fault(words)) is { } fault)
            faults.Add(VideoFields.Transcript.Name, fault);
        string captions = NameOf(request.Captions);
        if (captions != "off" && !hasText && request.Transcript is null)
            faults.Add(VideoFields.Captions.Name, "expected captions only with a text or a transcript, found neither");
        if (captions == "embedded" && output.Length > 0 && VideoFinisher.CaptionsRefusal(VideoDestination.Format(output)) is { } refusal)
            faults.Add(VideoFields.Captions.Name, refusal);
    }
}
