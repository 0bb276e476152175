using Locutor.Generation.Sampling;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>
/// All settings of a video: a validated request, completed with the defaults of its bundle, in the types that the generator uses.
/// </summary>
public sealed record VideoSettings : DrawingOptions
{
    public required string Size { get; init; }

    public required string Preset { get; init; }

    public required IReadOnlyList<int[]> Buckets { get; init; }

    public required string Prompt { get; init; }

    public required string NegativePrompt { get; init; }

    public required long Seed { get; init; }

    /// <summary>Placement of two voices in time.</summary>
    public required VoicePlacement Placement { get; init; }

    /// <summary>Boxes of two people in the picture; empty for the left half and the right half.</summary>
    public required IReadOnlyList<SpeakerBox> Speakers { get; init; }

    public required int ClipFrames { get; init; }

    public required int MotionFrames { get; init; }

    /// <summary>True if the speech encoder reads a window of audio that ends with the clip; false if it reads the whole track.</summary>
    public bool StreamSpeech { get; init; }

    /// <summary>Composition of the generated frames into the portrait; null if the video has the generated size.</summary>
    public CompositionOptions? Composition { get; init; }

    /// <summary>Strength of the head's motion in a composition; 0 keeps the head still.</summary>
    public double HeadMotion { get; init; }

    /// <summary>Adapters that are merged into the transformer: those of the preset, then those that the user chose.</summary>
    public IReadOnlyList<BundleAdapter> Adapters { get; init; } = [];

    /// <summary>Settings of the output file.</summary>
    public OutputSettings Output { get; init; } = new();

    /// <summary>Validates a request against a bundle and fills in missing values. The default seed is 0.</summary>
    /// <exception cref="RequestException">A value is invalid for this bundle; the message names every invalid value.</exception>
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
            Guidance = GuidanceOf(all),
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
            HeadMotion = all[VideoFields.HeadMotion]!.Value,
            Adapters = [.. bundle.Presets[preset].Adapters, .. (all[VideoFields.Lora] ?? []).Select(chosen => ToAdapter(bundle, chosen))],
            Output = OutputSettings.From(all),
        };
    }

    private static BundleAdapter ToAdapter(Bundle bundle, ChosenAdapter chosen) =>
        new(bundle.OwnAdapters[chosen.Name], chosen.Strength) { OwnName = chosen.Name };

    private static GuidanceOptions GuidanceOf(VideoRequest all) => new(
        all[VideoFields.TextGuidance]!.Value,
        all[VideoFields.AudioGuidance]!.Value,
        all[VideoFields.ProjectedGuidance]!.Value ? new ProjectedGuidanceOptions() : null)
    {
        GuidedSteps = (int?)all[VideoFields.GuidedSteps],
    };
}
