using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Locutor.Architecture.Tests;

/// <summary>The C# files of the repository, parsed.</summary>
/// <param name="Path">Path from the root of the checkout.</param>
/// <param name="Lines">The lines of the file.</param>
/// <param name="Root">Its syntax.</param>
public sealed record SourceFile(string Path, string[] Lines, CompilationUnitSyntax Root)
{
    private static readonly string[] Folders = ["src", "tests", "tools", "bench", "samples", "eng"];

    /// <summary>All files but those that a build makes.</summary>
    public static IReadOnlyList<SourceFile> All { get; } =
    [
        .. Folders.SelectMany(folder => Directory.EnumerateFiles(
            System.IO.Path.Combine(TestEnvironment.Checkout, folder), "*.cs", SearchOption.AllDirectories))
            .Select(path => System.IO.Path.GetRelativePath(TestEnvironment.Checkout, path))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal).Select(Load),
    ];

    /// <summary>The place of a node, as <c>path:line</c>.</summary>
    public string PlaceOf(Microsoft.CodeAnalysis.SyntaxNode node) =>
        $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";

    private static SourceFile Load(string path)
    {
        string text = File.ReadAllText(System.IO.Path.Combine(TestEnvironment.Checkout, path));
        var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview);
        return new(path, text.Split('\n'), CSharpSyntaxTree.ParseText(text, options).GetCompilationUnitRoot());
    }
}
