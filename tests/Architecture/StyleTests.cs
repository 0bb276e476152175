using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Locutor.Architecture.Tests;

/// <summary>Sizes and names that no analyzer checks; <c>.editorconfig</c> has the rest of the style.</summary>
public sealed class StyleTests
{
    private const int LongestLine = 140;
    private const int LongestFile = 300;
    private const int LongestMethod = 50;

    /// <summary>Names of parameters that cancel: the usual one, that of hosted services, and two events of a worker.</summary>
    private static readonly string[] TokenNames = ["cancellationToken", "stoppingToken", "drain", "abort"];

    /// <summary>A table whose lines take effect in their order, so that it cannot be divided.</summary>
    private static readonly string[] Tables = ["src/Generation/Requests/VideoFields.cs"];

    [Fact]
    public void Lines_are_short() => SourceFile.All
        .SelectMany(file => file.Lines.Select((line, i) => (Place: $"{file.Path}:{i + 1}", line.Length)))
        .Where(line => line.Length > LongestLine).Select(line => $"{line.Place}: {line.Length} characters")
        .ShouldBeEmpty($"lines of more than {LongestLine} characters");

    [Fact]
    public void Files_are_short() => SourceFile.All
        .Where(file => file.Lines.Length > LongestFile + 1 && !Tables.Contains(file.Path))
        .Select(file => $"{file.Path}: {file.Lines.Length - 1} lines")
        .ShouldBeEmpty($"files of more than {LongestFile} lines");

    [Fact]
    public void Methods_are_short() => SourceFile.All.SelectMany(Bodies)
        .Where(body => body.Lines > LongestMethod).Select(body => $"{body.Place}: {body.Lines} lines")
        .ShouldBeEmpty($"methods of more than {LongestMethod} lines");

    /// <summary>The name of a factory is a verb or From: Create, Load, Compute.</summary>
    [Fact]
    public void No_factory_is_named_Of() => Nodes<MethodDeclarationSyntax>()
        .Where(found => found.Node.Identifier.Text == "Of" && found.Node.Modifiers.Any(SyntaxKind.StaticKeyword))
        .Select(found => found.File.PlaceOf(found.Node)).ShouldBeEmpty("static methods named Of");

    [Fact]
    public void Cancellation_tokens_have_one_name() => Nodes<ParameterSyntax>()
        .Where(found => found.Node.Type?.ToString() is "CancellationToken" && !TokenNames.Contains(found.Node.Identifier.Text))
        .Select(found => $"{found.File.PlaceOf(found.Node)}: {found.Node.Identifier.Text}")
        .ShouldBeEmpty($"parameters that are not named {string.Join(", ", TokenNames)}");

    /// <summary>
    /// TorchSharp keeps the gradient mode and the scope of tensors per thread. After an await another thread continues, and the first one
    /// would keep both: code that runs on it next would get no gradients or lose its tensors.
    /// </summary>
    [Fact]
    public void State_of_a_thread_is_not_held_over_an_await() => Nodes<InvocationExpressionSyntax>()
        .Where(found => found.Node.Expression.ToString().Split('.')[^1] is "no_grad" or "enable_grad" or "set_grad_enabled"
            or "inference_mode" or "NewDisposeScope")
        .Where(found => StatementsAfter(found.Node).Any(Awaits))
        .Select(found => found.File.PlaceOf(found.Node)).ShouldBeEmpty("gradient modes and scopes of tensors that are held over an await");

    private static IEnumerable<SyntaxNode> StatementsAfter(InvocationExpressionSyntax call)
    {
        var statement = call.FirstAncestorOrSelf<StatementSyntax>();
        if (statement is UsingStatementSyntax scope) return [scope.Statement];
        if (statement is not LocalDeclarationStatementSyntax { Parent: { } block, UsingKeyword.RawKind: not 0 } declaration) return [];
        return block.ChildNodes().Where(node => node.SpanStart > declaration.SpanStart);
    }

    private static bool Awaits(SyntaxNode statement) => statement
        .DescendantNodesAndSelf(node => node is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax))
        .Any(node => node is AwaitExpressionSyntax or CommonForEachStatementSyntax { AwaitKeyword.RawKind: not 0 });

    /// <summary>The checks above would pass if the files were not found or not parsed.</summary>
    [Fact]
    public void The_sources_are_found_and_parsed()
    {
        SourceFile.All.Count.ShouldBeGreaterThan(700);
        // The script has directives that only a program of one file may have.
        SourceFile.All.Where(file => !file.Lines[0].StartsWith("#!", StringComparison.Ordinal))
            .SelectMany(file => file.Root.GetDiagnostics()).Where(fault => fault.Severity == DiagnosticSeverity.Error)
            .Select(fault => fault.ToString()).ShouldBeEmpty();
        SourceFile.All.SelectMany(Bodies).Count().ShouldBeGreaterThan(3_000);
    }

    private static IEnumerable<(SourceFile File, T Node)> Nodes<T>()
        where T : SyntaxNode =>
        SourceFile.All.SelectMany(file => file.Root.DescendantNodes().OfType<T>().Select(node => (file, node)));

    private static IEnumerable<(string Place, int Lines)> Bodies(SourceFile file) =>
        from method in file.Root.DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
        let body = (SyntaxNode?)method.Body ?? method.ExpressionBody
        where body is not null
        let start = method.ParameterList.GetLocation().GetLineSpan().StartLinePosition.Line
        select (file.PlaceOf(method.ParameterList), body.GetLocation().GetLineSpan().EndLinePosition.Line - start + 1);
}
