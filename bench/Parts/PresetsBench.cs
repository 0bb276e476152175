using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Models;

namespace Locutor.Bench;

/// <summary>
/// Measures how the shortcuts of presets change a video. A trained bundle makes one video with the steps, shift, guidance and step cache
/// of each preset, in float32 and from equal noise. Each video is compared with that of the first preset. Adapters and motion frames are
/// not used.
/// </summary>
internal sealed class PresetsBench(BenchOptions options, Meter meter)
{
    private const string Part = "presets";

    public IEnumerable<BenchRow> Run()
    {
        var bundle = options.PresetsOf ?? options.Bundle;
        var settings = bundle.Presets.Where(preset => !preset.Value.FewSteps)
            .Select(preset => (Name: preset.Key, Settings: Settings(bundle, preset.Key))).ToList();
        if (settings.Count == 0)
        {
            throw new BenchException(
                $"--of {bundle.Name}: its presets need their own weights, so the bundled model cannot show their error");
        }
        using var video = new TrainedVideo(Part, options, meter, settings[0].Settings);
        TorchSharp.torch.Tensor? expected = null;
        foreach (var equal in
                settings.GroupBy(one => (one.Settings.Steps, one.Settings.Shift, one.Settings.Guidance, one.Settings.StepCache)))
        {
            var chosen = equal.First().Settings; // presets that differ in adapters or motion frames alone give one video
            var cache = chosen.StepCache is { } used ? new CountedStepCache(used) : null;
            var found = video.Frames(video.Exact, video.Exact, chosen, cache, out double seconds);
            string what =
                $"{string.Join(", ", equal.Select(one => one.Name))}: {chosen.Steps} steps, " +
                $"{Guidance.PassesOfClip(chosen.Guidance, chosen.Steps)} passes" +
                $"{(cache is null ? "" : $", {cache.Name}, {cache.Skipped()} of {chosen.Steps * cache.Made.Count} steps skipped")}";
            if (expected is not null) yield return TrainedVideo.Compared(Part, what, expected, found, seconds);
            else yield return new BenchRow(Part, $"{what}, {found.shape[1]} frames", seconds);
            expected ??= found;
        }

        expected?.Dispose();
    }

    /// <summary>Returns the settings of the trained bundle with the shortcuts of a preset of another bundle.</summary>
    private VideoSettings Settings(Bundle of, string preset)
    {
        var asked = VideoSettings.Resolve(of, VideoRequest.Empty.With(VideoFields.Preset, preset));
        return VideoSettings.Resolve(options.Bundle, VideoRequest.Empty.With(VideoFields.Seed, options.Seed)) with
        {
            Steps = asked.Steps,
            Shift = asked.Shift,
            Guidance = asked.Guidance,
            StepCache = asked.StepCache,
        };
    }
}
