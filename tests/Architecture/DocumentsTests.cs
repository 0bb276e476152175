using System.Text.RegularExpressions;

namespace Locutor.Architecture.Tests;

/// <summary>Every document, heading and picture that the documentation links to exists.</summary>
public sealed partial class DocumentsTests
{
    private static readonly string[] Sources = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "test", "locutor"];
    private static readonly string[] Folders = ["docs", "models", "samples", "src", "tests", "tools", "deploy", "eng"];

    [Fact]
    public void Links_point_to_files_and_headings_that_exist()
    {
        var broken = new List<string>();
        int found = 0;
        foreach (string document in Documents(".md"))
        {
            string text = File.ReadAllText(document);
            foreach (Match link in Link().Matches(text))
            {
                string path = link.Groups["path"].Value, heading = link.Groups["heading"].Value;
                if (path.Contains("://", StringComparison.Ordinal)) continue;
                string target = path.Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, path);
                if (!Path.Exists(target)) broken.Add($"{Name(document)}: {path}");
                else if (heading.Length > 0 && !Headings(target).Contains(heading)) broken.Add($"{Name(document)}: {path}#{heading}");
                found++;
            }
        }
        broken.ShouldBeEmpty("links that lead nowhere");
        found.ShouldBeGreaterThan(50);
    }

    /// <summary>Comments, help and errors name documents by their path from the root.</summary>
    [Fact]
    public void Documents_that_sources_and_texts_name_exist() => Documents(".md", ".cs", ".html", ".js")
        .SelectMany(file => Mention().Matches(File.ReadAllText(file)).Select(mention => (file, mention.Value)))
        .Where(mention => !File.Exists(Path.Combine(TestEnvironment.Checkout, mention.Value)))
        .Select(mention => $"{Name(mention.file)}: {mention.Value}").ShouldBeEmpty("documents that do not exist");

    /// <summary>Documents name source files by their path from the root, in backquotes.</summary>
    [Fact]
    public void Source_files_that_documents_name_exist() => Documents(".md")
        .SelectMany(file => SourcePath().Matches(File.ReadAllText(file)).Select(named => (file, Path: named.Groups["path"].Value)))
        .Where(named => !Path.Exists(Path.Combine(TestEnvironment.Checkout, named.Path)))
        .Select(named => $"{Name(named.file)}: {named.Path}").ShouldBeEmpty("source files that do not exist");

    private static IEnumerable<string> Documents(params string[] extensions) => Folders
        .SelectMany(folder => Directory.EnumerateFiles(
            Path.Combine(TestEnvironment.Checkout, folder), "*", SearchOption.AllDirectories))
        .Where(path => extensions.Contains(Path.GetExtension(path)))
        .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "node_modules"))
        .Concat(Sources.Select(name => Path.Combine(TestEnvironment.Checkout, name)));

    /// <summary>Headings as a web view of the repository names them: lower case, words joined by dashes.</summary>
    private static HashSet<string> Headings(string document) => File.ReadLines(document)
        .Where(line => line.StartsWith('#'))
        .Select(line => NotInAnchors().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))
        .ToHashSet();

    private static string Name(string path) => Path.GetRelativePath(TestEnvironment.Checkout, path);

    [GeneratedRegex(@"\]\((?<path>[^)#\s]*)(#(?<heading>[^)\s]*))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![/\w])docs/[a-z-]+(/[a-z-]+)*\.(md|png|gif|jpg)")]
    private static partial Regex Mention();

    [GeneratedRegex(@"`(?<path>(src|tests|bench|tools|eng|deploy|samples)/[^\s`*]+)")]
    private static partial Regex SourcePath();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
