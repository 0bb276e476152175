using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Locutor.Architecture.Tests;

/// <summary>Finds the messages that an expression of the source code can make. A value in a message becomes <see cref="Hole"/>.</summary>
internal static class MessageTemplates
{
    /// <summary>Stands for a value that is known only when the program runs.</summary>
    public const string Hole = "\u00A7";

    /// <summary>Returns every message that an expression can make; an expression that is no text makes a hole.</summary>
    public static IEnumerable<string> Read(ExpressionSyntax expression) => expression switch
    {
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.StringLiteralExpression } literal => [literal.Token.ValueText],
        InterpolatedStringExpressionSyntax text => text.Contents.Aggregate<InterpolatedStringContentSyntax, IEnumerable<string>>(
            [""], (begun, part) => Join(begun, Read(part))),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression } sum => Join(Read(sum.Left), Read(sum.Right)),
        ConditionalExpressionSyntax choice => Read(choice.WhenTrue).Concat(Read(choice.WhenFalse)),
        SwitchExpressionSyntax choice => choice.Arms.SelectMany(arm => Read(arm.Expression)),
        ParenthesizedExpressionSyntax inner => Read(inner.Expression),
        InvocationExpressionSyntax call when call.Expression.ToString() is "string.Create" =>
            Read(call.ArgumentList.Arguments[^1].Expression),
        _ => [Hole],
    };

    private static IEnumerable<string> Read(InterpolatedStringContentSyntax part) => part switch
    {
        InterpolatedStringTextSyntax text => [text.TextToken.ValueText],
        InterpolationSyntax { Expression: ParenthesizedExpressionSyntax value } => Read(value),
        _ => [Hole],
    };

    private static IEnumerable<string> Join(IEnumerable<string> starts, IEnumerable<string> ends) =>
        starts.SelectMany(start => ends.Select(end => start + end));
}
