using System.Security.Cryptography;
using Locutor.Generation.Requests;
using Locutor.Models;

namespace Locutor;

/// <summary>A request of the library as the table of fields has it, so that every door checks the same ranges.</summary>
internal static class RequestMapping
{
    /// <exception cref="RequestException">A value is not allowed; every such value is named.</exception>
    public static VideoSettings Resolve(this TalkingVideoRequest request, Bundle bundle, string preset)
    {
        if (request.Boxes.Count > 0 && request.SecondAudio is null)
            throw new RequestException(VideoFields.Boxes.Name, "expected boxes only with two voices, found one voice");
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
            .With(VideoFields.Seed, request.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue)));
    }
}
