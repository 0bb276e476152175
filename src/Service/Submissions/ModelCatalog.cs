using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Generation.Loading;
using Locutor.Generation.Preparation;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Service.Settings;

namespace Locutor.Service.Submissions;

/// <summary>A preset of a model with its default values and its cost.</summary>
public sealed record PresetView(string Name)
{
    /// <summary>One sentence that helps to choose a preset; null when the model has none.</summary>
    public string? About { get; init; }

    /// <summary>Forward passes of the network per clip, if the step cache skips none.</summary>
    public int Passes { get; init; }

    /// <summary>Seconds of computation per second of video on one H100; null when not measured.</summary>
    public double? SecondsPerSecond { get; init; }

    /// <summary>Default values at the model's default size, by the name of the field.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Defaults { get; init; } = [];

    /// <summary>Default values that differ at another size, by size and field; null when none differ.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, JsonElement>>? BySize { get; init; }
}

/// <summary>A model as the web page and the API show it.</summary>
/// <param name="Notice">A notice that the page shows before the model is used; null when there is none.</param>
/// <param name="About">One sentence that helps to choose a model.</param>
/// <param name="Trained">False for a model of random numbers, which serves to try the service; the page does not offer it.</param>
/// <param name="Shapes">
/// Height and width of the video in pixels, by size; the one nearest to the shape of the picture is used, and the rest of the picture is
/// cropped. Null for a model that keeps the shape of the picture.
/// </param>
/// <param name="Fields">All fields of a submission with the limits of this model.</param>
public sealed record ModelView(
    string Name, string Title, string About, bool Trained, string? Notice, IReadOnlyList<string> Sizes, string DefaultSize,
    IReadOnlyDictionary<string, IReadOnlyList<int[]>>? Shapes, IReadOnlyList<PresetView> Presets, string DefaultPreset,
    IReadOnlyList<FieldView> Fields);

/// <summary>The models that this service offers. The first one is the default for requests that name no model.</summary>
public sealed class ModelCatalog
{
    private readonly IReadOnlyList<ResolvedBundle> bundles;

    private ModelCatalog(IReadOnlyList<ResolvedBundle> bundles, string usual) => (this.bundles, Default) = (bundles, usual);

    /// <summary>The models with the adapters that are in the store now.</summary>
    public IReadOnlyList<ModelView> Models => [.. bundles.Select(found => View(AdapterFolder.Fill(found).Bundle))];

    /// <summary>The name of the model for requests that name none.</summary>
    public string Default { get; }

    /// <summary>Creates a catalog of models whose files are not needed.</summary>
    public static ModelCatalog From(IReadOnlyList<Bundle> bundles, string usual)
    {
        var store = BundleCatalogue.Default().Store;
        return new([.. bundles.Select(bundle => new ResolvedBundle(bundle, null, store))], usual);
    }

    /// <summary>Loads the model that the settings name and all other models whose files are complete on disk.</summary>
    /// <exception cref="RequestException">The model that the settings name does not exist.</exception>
    /// <exception cref="BundleException">The description of a model is damaged.</exception>
    public static ModelCatalog FromDisk(ServeSettings settings)
    {
        string usual = ModelFinder.Find(settings.Model, settings.Store).Bundle.Name;
        var bundles = BundleCatalogue.Default(settings.Store).All()
            .Where(found => found.Bundle.Name == usual || found.CanRun(found.DefaultAdapters));
        var untrained = ModelFinder.Find(UntrainedBundle.Name, settings.Store);
        return new([.. bundles.Append(untrained).OrderByDescending(found => found.Bundle.Name == usual)], usual);
    }

    /// <summary>Returns the bundle with this name; null returns the default model.</summary>
    /// <exception cref="RequestException">This service does not offer a model with this name.</exception>
    internal Bundle Find(string? name) => FindWithFiles(name).Bundle;

    /// <summary>Returns the bundle with this name and the location of its files; null returns the default model.</summary>
    /// <exception cref="RequestException">This service does not offer a model with this name.</exception>
    internal ResolvedBundle FindWithFiles(string? name) =>
        bundles.FirstOrDefault(found => found.Bundle.Name == (name ?? Default)) is { } found
            ? AdapterFolder.Fill(found)
            : throw new RequestException(
                VideoFields.Model.Name, $"expected one of {string.Join(", ", bundles.Select(one => one.Bundle.Name))}, found '{name}'");

    private static ModelView View(Bundle bundle) => new(
        bundle.Name, Title(bundle), About(bundle), bundle.Name != UntrainedBundle.Name,
        bundle.NoticeBelow is null ? bundle.Notice : null, [.. bundle.Sizes.Keys], bundle.DefaultSize,
        bundle.Composition is null ? bundle.Sizes : null, [.. bundle.Presets.Keys.Select(preset => View(bundle, preset))],
        bundle.DefaultPreset,
        [.. SubmissionFields.All.Select(field => FieldView.From(field, bundle))]);

    private static PresetView View(Bundle bundle, string preset)
    {
        var usual = FieldView.Defaults(bundle, preset, bundle.DefaultSize);
        var others = new Dictionary<string, Dictionary<string, JsonElement>>(StringComparer.Ordinal);
        foreach (string size in bundle.Sizes.Keys)
        {
            var differing = FieldView.Defaults(bundle, preset, size).Where(pair => !JsonElement.DeepEquals(pair.Value, usual[pair.Key]))
                .ToDictionary(StringComparer.Ordinal);
            if (differing.Count > 0)
                others[size] = differing;
        }
        var (chosen, settings) = (
            bundle.Presets[preset], VideoSettings.Resolve(bundle, VideoRequest.Empty.With(VideoFields.Preset, preset)));
        return new PresetView(preset)
        {
            About = chosen.About,
            Passes = Guidance.PassesOfClip(settings.Guidance, settings.Steps),
            SecondsPerSecond = chosen.Figures?.SecondsPerSecond,
            Defaults = usual,
            BySize = others.Count > 0 ? others : null,
        };
    }

    /// <summary>Returns one or two sentences: the title, and for models of photographs the GPU memory that their weights need.</summary>
    private static string About(Bundle bundle)
    {
        string title = char.ToUpperInvariant(bundle.Title[0]) + bundle.Title[1..] + ".";
        return bundle.GpuMemory.Count == 0 ? title : string.Create(
            CultureInfo.InvariantCulture,
            $"{title} For photographs and paintings; its weights need {bundle.GpuMemory.Values.Min() / 1e9:0} GB of GPU memory or more.");
    }

    private static string Title(Bundle bundle) => bundle.Title.Length > 60 ? bundle.Name : $"{bundle.Name} · {bundle.Title}";
}
