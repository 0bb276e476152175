using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Locutor.Architecture.Tests;

/// <summary>
/// The page shows messages about files in the user's language and finds their translations by the patterns in patterns.js. These tests
/// read the messages from the source code; TextsTests checks that each pattern has a translation.
/// </summary>
public sealed partial class TranslationsTests
{
    private static readonly string[] Exceptions = ["MediaException", "InputException", "JobError"];

    private static readonly Regex[] Patterns =
    [
        .. Quoted().Matches(File.ReadAllText(Path.Combine(TestEnvironment.Checkout, "src", "Service", "wwwroot", "js", "patterns.js")))
            .Select(match => Regex.Unescape(match.Groups[1].Value))
            .Select(pattern => Value().Replace(Regex.Escape(pattern).Replace(@"\{", "{", StringComparison.Ordinal), ".+?"))
            .Select(pattern => new Regex($"^{pattern}$")),
    ];

    [Fact]
    public void Every_fault_of_a_file_fits_a_pattern()
    {
        var messages = SourceFile.All.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal)).SelectMany(Faults).ToList();
        messages.Count.ShouldBeGreaterThan(100);
        Missing(messages).ShouldBeEmpty("add a pattern to src/Service/wwwroot/js/patterns.js and its translations to texts/*.json");
    }

    [Fact]
    public void Every_kind_of_file_that_cannot_be_read_fits_a_pattern()
    {
        var file = SourceFile.All.Single(file => file.Path == "src/Media/Sniffing/ForeignKinds.cs");
        var kinds = file.Root.DescendantNodes().OfType<TupleExpressionSyntax>().Select(pair => pair.Arguments[^1].Expression)
            .Concat(file.Root.DescendantNodes().OfType<ReturnStatementSyntax>().Select(answer => answer.Expression!))
            .SelectMany(expression => MessageTemplates.Read(expression).Select(text => (file.PlaceOf(expression), text))).ToList();
        kinds.Count.ShouldBeGreaterThan(25);
        Missing(kinds).ShouldBeEmpty("add a pattern to src/Service/wwwroot/js/patterns.js and its translations to texts/*.json");
    }

    [Fact]
    public void Every_note_about_a_source_fits_a_pattern()
    {
        var files = SourceFile.All.Where(file => file.Path.StartsWith("src/Generation/Conditioning/", StringComparison.Ordinal));
        var notes = files.SelectMany(file => file.Root.DescendantNodes().OfType<ExpressionSyntax>()
            .Where(text => text is InterpolatedStringExpressionSyntax or BinaryExpressionSyntax)
            .Where(text => text.Parent is not BinaryExpressionSyntax)
            .SelectMany(text => MessageTemplates.Read(text).Select(note => (Place: file.PlaceOf(text), Text: note))))
            .Where(note => note.Text.StartsWith(MessageTemplates.Hole + ": ", StringComparison.Ordinal)).ToList();
        notes.Count.ShouldBeGreaterThan(3);
        Missing(notes).ShouldBeEmpty("add a pattern to src/Service/wwwroot/js/patterns.js and its translations to texts/*.json");
    }

    private static IEnumerable<string> Missing(IEnumerable<(string Place, string Text)> messages) => messages
        .Select(message => (message.Place, Text: Start().Replace(message.Text, "")))
        .Where(message => message.Text.Trim('\u00A7', ':', ' ').Length > 0 && !Patterns.Any(pattern => pattern.IsMatch(message.Text)))
        .Select(message => $"{message.Place}: {message.Text}");

    /// <summary>Returns the messages of a file's exceptions and job errors, and of the methods that create them.</summary>
    private static IEnumerable<(string Place, string Text)> Faults(SourceFile file)
    {
        bool isMedia = file.Path.StartsWith("src/Media/", StringComparison.Ordinal);
        foreach (var node in file.Root.DescendantNodes())
        {
            var arguments = node switch
            {
                ObjectCreationExpressionSyntax made when Exceptions.Contains(Name(made.Type)) => made.ArgumentList,
                ImplicitObjectCreationExpressionSyntax made when Exceptions.Contains(TypeOf(made)) => made.ArgumentList,
                InvocationExpressionSyntax call when isMedia && Makers.Value.Contains(Name(call.Expression)) => call.ArgumentList,
                _ => null,
            };
            foreach (var argument in arguments?.Arguments ?? [])
            {
                foreach (string text in MessageTemplates.Read(argument.Expression)) yield return (file.PlaceOf(node), text);
            }

            // A method such as Refusal returns a reason for the message of its caller.
            if (isMedia && node is MethodDeclarationSyntax { ExpressionBody.Expression: { } body } method
                && method.Identifier.Text.EndsWith("Refusal", StringComparison.Ordinal))
            {
                foreach (string text in MessageTemplates.Read(body)) yield return (file.PlaceOf(body), text);
            }
        }
    }

    /// <summary>The methods of src/Media that create an exception from a reason.</summary>
    private static readonly Lazy<HashSet<string>> Makers = new(() =>
    [
        .. SourceFile.All.Where(file => file.Path.StartsWith("src/Media/", StringComparison.Ordinal))
            .SelectMany(file => file.Root.DescendantNodes().OfType<MethodDeclarationSyntax>())
            .Where(method => Exceptions.Contains(Name(method.ReturnType))).Select(method => method.Identifier.Text),
    ]);

    /// <summary>The type of <c>new(...)</c> in a method of one expression.</summary>
    private static string TypeOf(SyntaxNode made) =>
        made.Ancestors().OfType<MethodDeclarationSyntax>().FirstOrDefault() is { ExpressionBody: not null } method
            ? Name(method.ReturnType)
            : "";

    private static string Name(SyntaxNode node) => node switch
    {
        MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
        QualifiedNameSyntax name => name.Right.Identifier.Text,
        _ => node.ToString(),
    };

    /// <summary>The name of the file before the message.</summary>
    [GeneratedRegex("^\u00A7: ")]
    private static partial Regex Start();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Value();

    [GeneratedRegex(@"^  ""((?:[^""\\]|\\.)*)"",$", RegexOptions.Multiline)]
    private static partial Regex Quoted();
}
