using Locutor.Checkpoints;
using Locutor.Generation.Sampling;
using Locutor.Models;

namespace Locutor.Generation.Settings;

/// <summary>What a caller may ask for beside a bundle, a size and a preset; null leaves the preset's value.</summary>
public sealed record SettingOverrides
{
    public int? Steps { get; init; }

    public double? Shift { get; init; }

    public double? TextGuidance { get; init; }

    public double? AudioGuidance { get; init; }

    /// <summary>Steps that are guided, from the first.</summary>
    public int? GuidedSteps { get; init; }

    public int? MotionFrames { get; init; }

    public double? ColourCorrection { get; init; }

    /// <summary>A threshold of TeaCache, or <c>easycache:</c> and one of EasyCache; null or 0 is off.</summary>
    public string? StepCache { get; init; }

    /// <summary>Adaptive projected guidance.</summary>
    public bool ProjectedGuidance { get; init; }
}

/// <summary>A setting out of range or a name that does not exist; the message says what is allowed.</summary>
public sealed class SettingsException : Exception
{
    public SettingsException() { }

    public SettingsException(string message) : base(message) { }

    public SettingsException(string message, Exception inner) : base(message, inner) { }

    /// <summary>With the nearest of the names that exist.</summary>
    public static SettingsException Unknown(string kind, string name, IEnumerable<string> known) =>
        new($"unknown {kind} '{name}'; did you mean {string.Join(", ", NearestNames.To(name, known))}?");
}

/// <summary>Every setting of a video, resolved and within its range.</summary>
public sealed record VideoSettings
{
    public required string Size { get; init; }

    public required string Preset { get; init; }

    public required IReadOnlyList<int[]> Buckets { get; init; }

    public required int Steps { get; init; }

    public required double Shift { get; init; }

    public required GuidanceOptions Guidance { get; init; }

    public required int ClipFrames { get; init; }

    public required int MotionFrames { get; init; }

    public required double ColourCorrection { get; init; }

    public bool HoldPicture { get; init; }

    public ContinuityOptions? Continuity { get; init; }

    public StepCacheOptions? StepCache { get; init; }

    public required IReadOnlyList<BundleAdapter> Adapters { get; init; }

    /// <param name="size">A size of the bundle; null takes its default.</param>
    /// <param name="preset">A preset of the bundle; null takes its default.</param>
    /// <exception cref="SettingsException">An unknown name or a value out of range.</exception>
    public static VideoSettings Resolve(Bundle bundle, string? size, string? preset, SettingOverrides overrides)
    {
        size ??= bundle.DefaultSize;
        preset ??= bundle.DefaultPreset;
        if (!bundle.Sizes.TryGetValue(size, out var buckets)) throw SettingsException.Unknown("size", size, bundle.Sizes.Keys);
        if (!bundle.Presets.TryGetValue(preset, out var chosen)) throw SettingsException.Unknown("preset", preset, bundle.Presets.Keys);
        return new VideoSettings
        {
            Size = size,
            Preset = preset,
            Buckets = buckets,
            Steps = (int)Within("steps", overrides.Steps ?? chosen.Steps, 1, 1000),
            Shift = Within("shift", overrides.Shift ?? chosen.ShiftBySize.GetValueOrDefault(size, chosen.Shift), 0.01, 100),
            Guidance = new GuidanceOptions(
                Within("text guidance", overrides.TextGuidance ?? chosen.TextGuidance, 0, 30),
                Within("audio guidance", overrides.AudioGuidance ?? chosen.AudioGuidance, 0, 30),
                overrides.ProjectedGuidance ? new ProjectedGuidanceOptions() : null)
            {
                GuidedSteps = (overrides.GuidedSteps ?? chosen.GuidedSteps) is { } guided ? (int)Within("guided steps", guided, 0, 1000) : null,
            },
            ClipFrames = bundle.ClipFrames,
            MotionFrames = Motion(overrides.MotionFrames ?? chosen.MotionFrames, bundle.ClipFrames),
            ColourCorrection = Within("colour correction", overrides.ColourCorrection ?? chosen.ColourCorrection, 0, 1),
            HoldPicture = bundle.HoldPicture,
            Continuity = bundle.Continuity,
            StepCache = Cache(overrides.StepCache ?? "0", size),
            Adapters = chosen.Adapters,
        };
    }

    private static StepCacheOptions? Cache(string text, string size)
    {
        string[] parts = text.Split(':');
        if (parts.Length > 2 || !double.TryParse(parts[^1], System.Globalization.CultureInfo.InvariantCulture, out double threshold) || (parts.Length == 2 && parts[0] is not ("teacache" or "easycache")))
            throw new SettingsException($"step cache '{text}': expected a threshold, teacache:THRESHOLD or easycache:THRESHOLD");
        Within("step cache", threshold, 0, 10);
        if (threshold == 0) return null;
        return parts is ["easycache", _] ? new EasyCacheOptions(threshold) : new TeaCacheOptions(threshold, size == "720p" ? TeaCacheOptions.Wan720p : TeaCacheOptions.Wan480p);
    }

    private static int Motion(int frames, int clipFrames) => frames >= 1 && frames <= clipFrames - 4 && frames % 4 == 1
        ? frames
        : throw new SettingsException($"motion frames {frames}: expected 1, 5, 9, ... up to {clipFrames - 4}");

    private static double Within(string name, double value, double least, double most) => value >= least && value <= most
        ? value
        : throw new SettingsException($"{name} {value}: expected {least} to {most}");
}
