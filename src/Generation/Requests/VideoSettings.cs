using Locutor.Generation.Conditioning;
using Locutor.Generation.Output;
using Locutor.Generation.Sampling;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>Every setting of a video: a request with the defaults of its bundle, checked and in the types that the generator uses.</summary>
public sealed record VideoSettings : DrawingOptions
{
    public required string Size { get; init; }

    public required string Preset { get; init; }

    public required IReadOnlyList<int[]> Buckets { get; init; }

    public required string Prompt { get; init; }

    public required string NegativePrompt { get; init; }

    public required long Seed { get; init; }

    /// <summary>How two voices are placed in time.</summary>
    public required VoicePlacement Placement { get; init; }

    /// <summary>Where two people are in the picture; empty: the left half and the right half.</summary>
    public required IReadOnlyList<SpeakerBox> Speakers { get; init; }

    public required int ClipFrames { get; init; }

    public required int MotionFrames { get; init; }

    /// <summary>Whether the speech encoder sees a window of sound that ends with the clip, instead of the whole track.</summary>
    public bool StreamSpeech { get; init; }

    /// <summary>How frames are laid into the portrait; null gives videos of the size that is drawn.</summary>
    public CompositionOptions? Composition { get; init; }

    public IReadOnlyList<BundleAdapter> Adapters { get; init; } = [];

    /// <summary>Checks a request against a bundle and fills in what it leaves open. A request without a seed gets 0.</summary>
    /// <exception cref="RequestException">A value that this bundle does not allow; every such value is named.</exception>
    public static VideoSettings Resolve(Bundle bundle, VideoRequest request)
    {
        var faults = new RequestFaults();
        request.Check(bundle, faults);
        faults.ThrowIfAny();
        var all = request.Complete(bundle);
        string size = all[VideoFields.Size]!, preset = all[VideoFields.Preset]!;
        StepCacheOptions.TryParse(all[VideoFields.StepCache]!, size, out var cache);
        return new VideoSettings
        {
            Size = size,
            Preset = preset,
            Buckets = bundle.Sizes[size],
            Prompt = all[VideoFields.Prompt] ?? "",
            NegativePrompt = all[VideoFields.NegativePrompt] ?? "",
            Seed = all[VideoFields.Seed] ?? 0,
            Placement = all[VideoFields.AudioType] == "add" ? VoicePlacement.OneAfterTheOther : VoicePlacement.SideBySide,
            Speakers = all[VideoFields.Boxes] ?? [],
            Steps = (int)all[VideoFields.Steps]!.Value,
            Shift = all[VideoFields.Shift]!.Value,
            Guidance = Guided(all),
            ClipFrames = bundle.ClipFrames,
            MotionFrames = (int)all[VideoFields.MotionFrames]!.Value,
            StreamSpeech = all[VideoFields.StreamSpeech]!.Value,
            ColourCorrection = all[VideoFields.ColourCorrection]!.Value,
            HoldPicture = bundle.HoldPicture,
            FewSteps = bundle.Presets[preset].FewSteps,
            EvenSteps = bundle.Presets[preset].EvenSteps,
            Continuity = bundle.Continuity,
            StepCache = cache,
            SkippedAttention = all[VideoFields.SkippedAttention] is > 0 and var budget ? new SkippedAttentionOptions(budget) : null,
            Composition = bundle.Composition,
            Adapters = bundle.Presets[preset].Adapters,
        };
    }

    private static GuidanceOptions Guided(VideoRequest all) => new(
        all[VideoFields.TextGuidance]!.Value,
        all[VideoFields.AudioGuidance]!.Value,
        all[VideoFields.ProjectedGuidance]!.Value ? new ProjectedGuidanceOptions() : null)
    {
        GuidedSteps = (int?)all[VideoFields.GuidedSteps],
    };
}
