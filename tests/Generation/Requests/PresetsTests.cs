using Locutor.Generation.Clips;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Models.Store;

namespace Locutor.Generation.Tests.Requests;

/// <summary>The settings that the presets of published bundles stand for.</summary>
public class PresetsTests
{
    [Theory]
    [InlineData("quality", 120)]
    [InlineData("balanced", 16)]
    [InlineData("fast", 12)]
    [InlineData("draft", 3)]
    [InlineData("lightx2v", 4)]
    [InlineData("lightx2v-t2v", 4)]
    [InlineData("fusionix", 16)]
    public void A_preset_of_InfiniteTalk_takes_its_passes(string preset, int passes)
    {
        var settings = Resolve("infinitetalk-480p", preset);
        Guidance.PassesOfClip(settings.Guidance, settings.Steps).ShouldBe(passes);
        settings.StepCache.ShouldBe(preset == "fast" ? new EasyCacheOptions(0.07) : null);
        settings.StreamSpeech.ShouldBeFalse();
    }

    [Fact]
    public void The_step_cache_of_a_preset_can_be_turned_off() =>
        Resolve("infinitetalk-480p", "fast", VideoRequest.Empty.With(VideoFields.StepCache, "0")).StepCache.ShouldBeNull();

    /// <summary>33 frames of which the last 28 are new, in the first clip too.</summary>
    [Theory]
    [InlineData("four-steps", 4)]
    [InlineData("two-steps", 2)]
    public void FlashTalk_gives_28_frames_per_clip_and_uses_a_window_of_audio(string preset, int passes)
    {
        var settings = Resolve("flashtalk", preset);
        Guidance.PassesOfClip(settings.Guidance, settings.Steps).ShouldBe(passes);
        settings.StreamSpeech.ShouldBeTrue();
        var plan = GenerationOptions.Create(settings, 768, 448, 100, settings.Prompt, settings.NegativePrompt).Clips;
        plan.Clips().Select(clip => (clip.Start, clip.Overlap, clip.Keep)).ShouldBe([(-5, 5, 28), (23, 5, 28), (51, 5, 28), (79, 5, 16)]);
    }

    private static VideoSettings Resolve(string model, string preset, VideoRequest? request = null) =>
        VideoSettings.Resolve(
            BundleCatalogue.Default().Find(model)!.Bundle, (request ?? VideoRequest.Empty).With(VideoFields.Preset, preset));
}
