using Locutor.Models;

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
    /// <summary>The bundles as models.</summary>
    public static ModelCatalog Of(IReadOnlyList<Bundle> bundles, string usual) => new(bundles.Select(View).ToArray(), usual);

    /// <summary>What the stub generator takes.</summary>
    public static ModelCatalog Stub { get; } = new(
        [new ModelView("stub", "Still picture with the voice", "Makes no talking pictures: for trying the service itself.", ["480p", "720p"], "480p",
            [new PresetView("default", 8, 3, 1, 2, 9, 0)], "default")], "stub");

    /// <summary>Notes what the request names and this service does not have.</summary>
    internal void Check(Jobs.Records.JobRequest request, JobFields fields)
    {
        var model = Models.FirstOrDefault(model => model.Name == (request.Model ?? Default));
        if (model is null)
        {
            Missing(fields, "model", Models.Select(model => model.Name));
            return;
        }
        if (request.Preset is { } preset && model.Presets.All(known => known.Name != preset))
            Missing(fields, "preset", model.Presets.Select(known => known.Name));
        if (request.Size is { } size && !model.Sizes.Contains(size))
            Missing(fields, "size", model.Sizes);
    }

    private static void Missing(JobFields fields, string name, IEnumerable<string> known) => fields.Wrong(name, $"expected one of {string.Join(", ", known)}");

    private static ModelView View(Bundle bundle) => new(
        bundle.Name, Title(bundle), bundle.NoticeBelow is null ? bundle.Notice : null, [.. bundle.Sizes.Keys], bundle.DefaultSize,
        [.. bundle.Presets.Select(pair => new PresetView(
            pair.Key, pair.Value.Steps, pair.Value.ShiftBySize.GetValueOrDefault(bundle.DefaultSize, pair.Value.Shift), pair.Value.TextGuidance,
            pair.Value.AudioGuidance, pair.Value.MotionFrames, pair.Value.ColourCorrection))],
        bundle.DefaultPreset);

    private static string Title(Bundle bundle) => bundle.Title.Length > 60 ? bundle.Name : $"{bundle.Name} · {bundle.Title}";
}
