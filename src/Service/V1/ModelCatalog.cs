namespace Locutor.Service.V1;

/// <summary>A preset's settings.</summary>
public sealed record PresetView(string Name, int Steps, double Shift, double TextGuidance, double AudioGuidance, int MotionFrames, double ColourCorrection);

/// <summary>A model as the page and programs see it.</summary>
/// <param name="Notice">Said to people before they use it; null when there is nothing to say.</param>
public sealed record ModelView(
    string Name, string Title, string? Notice, IReadOnlyList<string> Sizes, string DefaultSize, IReadOnlyList<PresetView> Presets, string DefaultPreset);

/// <summary>The models this service offers.</summary>
public sealed record ModelCatalog(IReadOnlyList<ModelView> Models, string Default)
{
    /// <summary>What the stub generator takes.</summary>
    public static ModelCatalog Stub { get; } = new(
        [new ModelView("stub", "Still picture with the voice", "Makes no talking pictures: for trying the service itself.", ["480p", "720p"], "480p",
            [new PresetView("default", 8, 3, 1, 2, 9, 0)], "default")], "stub");
}
