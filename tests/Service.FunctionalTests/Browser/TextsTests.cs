using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Generation.Requests;
using Locutor.Models;
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
        string[] needed = [.. InScripts().Concat(InPages()).Concat(States).Distinct()];
        needed.Length.ShouldBeGreaterThan(200);
        string[] same = ["Locutor", "API", "https://", ".", "wk-….ws-…", "Code", "Link", "Seed", "Token", "Text", "Video", "Pause", "Jobs"];
        needed.Where(text => !translations.ContainsKey(text) && !same.Contains(text) && !IsInternational(text)).ShouldBeEmpty();
        var fields = VideoFields.All.SelectMany(field => new[] { field.Title, field.Help })
            .Concat(Service.Submissions.SubmissionFields.All.SelectMany(field => new[] { field.Title, field.Help }));
        var models = BundleCatalogue.Default().All().SelectMany(found => About(found.Bundle));
        translations.Keys.Except(needed.Concat(fields).Concat(models)).ShouldBeEmpty("these texts are no longer used");
        foreach (var (text, translation) in translations)
            Values(translation).ShouldBe(Values(text), ignoreOrder: true, customMessage: text);
    }

    private static IEnumerable<string> About(Bundle bundle) => bundle.Presets.Values.Select(preset => preset.About ?? "")
        .Append(char.ToUpperInvariant(bundle.Title[0]) + bundle.Title[1..] + ".");

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

    [GeneratedRegex("<code>.*?</code>")]
    private static partial Regex Code();

    [GeneratedRegex(">([^<>]+)<")]
    private static partial Regex Words();

    [GeneratedRegex(@"(?:aria-label|placeholder|title|alt)=""([^""]+)""")]
    private static partial Regex Attribute();
}
