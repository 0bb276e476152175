using Locutor.Models.Store;
using Locutor.Service.Api.Modal;

namespace Locutor.Service.FunctionalTests.Api.Modal;

public class ModalRequestTests
{
    [Fact]
    public void The_predecessors_address_keeps_its_settings_whatever_the_models_default_is()
    {
        var bundle = BundleCatalogue.Default().Find("infinitetalk-480p")!.Bundle;
        bundle.Presets[bundle.DefaultPreset].MotionFrames.ShouldBe(9);
        var settings = ModalRequest.Resolve(new ModalBody("https://a/image", "https://a/audio", null, null, []), _ => bundle).Settings;
        (settings.MotionFrames, settings.Steps, settings.Prompt, settings.Guidance.Audio).ShouldBe((25, 8, "a person is talking", 2));
    }

    [Fact]
    public void A_model_without_those_settings_gets_its_own_defaults()
    {
        var bundle = BundleCatalogue.Default().Find("sketch")!.Bundle;
        ModalRequest.Resolve(
            new ModalBody("https://a/image", "https://a/audio", "https://a/audio2", "hello", []),
            _ => bundle).Settings.Preset.ShouldBe("default");
    }
}
