using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Generation.Requests;
using Locutor.Models.Store;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The catalogues of the page's texts.</summary>
public sealed partial class TextsTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "locutor-page");

    /// <summary>Words of the API that the page shows.</summary>
    private static readonly string[] States =
    [
        "queued", "running", "succeeded", "failed", "canceled", "expired", "starting", "idle", "working", "draining", "paused",
        "set_aside",
    ];

    public static TheoryData<string> Languages =>
        [.. Directory.EnumerateFiles(Path.Combine(Folder, "texts"), "*.json").Select(file => Path.GetFileNameWithoutExtension(file))];

    [Theory, MemberData(nameof(Languages))]
    public void Every_text_of_the_page_has_a_translation_with_the_same_values(string language)
    {
        var translations = JsonSerializer.Deserialize<Dictionary<string, string>>(
            File.ReadAllText(Path.Combine(Folder, "texts", language + ".json")))!;
        string[] needed =
            [.. InScripts().Concat(InPages()).Concat(States).Concat(Patterns()).Concat(OfFields()).Concat(OfModels()).Distinct()];
        needed.Length.ShouldBeGreaterThan(200);
        string[] same = ["Locutor", "API", "https://", ".", "wk-….ws-…", "Code", "Link", "Seed", "Token", "Text", "Video", "Pause", "Jobs"];
        needed.Where(text => !translations.ContainsKey(text) && !same.Contains(text) && !IsInternational(text)).ShouldBeEmpty();
        translations.Keys.Except(needed).ShouldBeEmpty("these texts are no longer used");
        foreach (var (text, translation) in translations)
            Values(translation).ShouldBe(Values(text), ignoreOrder: true, customMessage: text);
    }

    /// <summary>The limits and defaults of each setting are a text of the catalogue, or fit a pattern.</summary>
    [Fact]
    public void Every_range_of_a_setting_fits_a_pattern()
    {
        Regex[] patterns = [.. Patterns().Select(
            pattern => new Regex("^" + Value().Replace(Regex.Escape(pattern).Replace(@"\{", "{", StringComparison.Ordinal), ".+?") + "$"))];
        foreach (var bundle in BundleCatalogue.Default().All().Select(found => found.Bundle))
        {
            foreach (var field in Shown().Where(field => field is not ScriptField))
                patterns.ShouldContain(pattern => pattern.IsMatch(field.Expected(bundle)), $"{field.Name}: {field.Expected(bundle)}");
            // The page shows the words for a default where the model has no value.
            var context = FieldContext.From(bundle);
            foreach (var field in Shown().Where(field => field.Group is FieldGroup.Sampling or FieldGroup.Speed or FieldGroup.Output))
            {
                if (field.Default(context) is null && field.DefaultText.Length > 0)
                    patterns.ShouldContain(pattern => pattern.IsMatch(field.DefaultText), $"{field.Name}: {field.DefaultText}");
            }
        }
    }

    /// <summary>The settings that the page shows.</summary>
    private static IEnumerable<RequestField> Shown() =>
        VideoFields.All.Where(field => field is not (FileField or BoxesField) && field != VideoFields.Model && field != VideoFields.Preset
            && field != VideoFields.Size);

    private static IEnumerable<string> OfFields() => Shown().SelectMany(field => new[] { field.Title, field.Help });

    private static IEnumerable<string> OfModels() => BundleCatalogue.Default().All().Select(found => found.Bundle).SelectMany(
        bundle => bundle.Presets.Values.Select(preset => preset.About ?? "").Append(
            bundle.GpuMemory.Count > 0 ? bundle.Title : char.ToUpperInvariant(bundle.Title[0]) + bundle.Title[1..] + "."))
        .Where(text => text.Length > 0);

    /// <summary>The sentences of the service that the page translates.</summary>
    private static IEnumerable<string> Patterns() =>
        Quoted().Matches(File.ReadAllText(Path.Combine(Folder, "js", "patterns.js")))
            .Select(match => JsonSerializer.Deserialize<string>(match.Groups[1].Value)!);

    /// <summary>Words that are alike in many languages.</summary>
    private static bool IsInternational(string text) => text is "Position" or "Prompt" or "Person {n}";

    private static string[] Values(string text) => [.. Value().Matches(text).Select(match => match.Value).Distinct()];

    private static IEnumerable<string> InScripts() =>
        Directory.EnumerateFiles(Path.Combine(Folder, "js"), "*.js", SearchOption.AllDirectories)
            .SelectMany(file => Call().Matches(File.ReadAllText(file)))
            .Select(match => JsonSerializer.Deserialize<string>(match.Groups[1].Value)!);

    private static IEnumerable<string> InPages() => new[] { "index.html", "watch.html" }.SelectMany(page =>
    {
        string html = Code().Replace(File.ReadAllText(Path.Combine(Folder, page)), " <code> ");
        return Words().Matches(html).Select(match => match.Groups[1].Value.Trim())
            .Concat(Attribute().Matches(html).Select(match => match.Groups[1].Value))
            .Select(text => WebUtility.HtmlDecode(text)).Where(text => text.Length > 0);
    });

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Value();

    [GeneratedRegex(@"\bt\((""(?:[^""\\]|\\.)*"")")]
    private static partial Regex Call();

    [GeneratedRegex(@"^  (""(?:[^""\\]|\\.)*""),$", RegexOptions.Multiline)]
    private static partial Regex Quoted();

    [GeneratedRegex("<code>.*?</code>")]
    private static partial Regex Code();

    [GeneratedRegex(">([^<>]+)<")]
    private static partial Regex Words();

    [GeneratedRegex(@"(?:aria-label|placeholder|title|alt)=""([^""]+)""")]
    private static partial Regex Attribute();
}
