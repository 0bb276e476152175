using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace Locutor.CommandLine;

/// <summary>The faults of a command line in plain words: each names the option, what was expected and what was found.</summary>
public static class ParseFaults
{
    /// <summary>Returns a line for each fault; empty if there is none.</summary>
    public static IReadOnlyList<string> Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // The help of a command hides faults. A directive has none.
        if (parsed.Errors.Count == 0 && parsed.Action is not HelpAction) return [];
        return parsed.UnmatchedTokens.Count > 0 && command.TreatUnmatchedTokensAsErrors
            ? [DescribeUnknown(parsed.UnmatchedTokens[0], command)]
            : [.. parsed.Errors.Select(Describe).Distinct()];
    }

    /// <summary>Describes a word of the command line that a command does not know, with similar names.</summary>
    private static string DescribeUnknown(string word, Command command)
    {
        if (word.StartsWith('-'))
        {
            string[] options = [.. Reachable(command).SelectMany(one => one.Options).Where(option => !option.Hidden)
                .Select(option => option.Name)];
            return $"{word}: there is no such option{Suggestion.For(word, options)}";
        }

        string[] names = [.. command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)];
        if (names.Length > 0) return $"{word}: there is no such command{Suggestion.For(word, names)}";
        var first = command.Options.FirstOrDefault(option => !option.Hidden && option.ValueType != typeof(bool));
        string example = first is null ? "" : $" such as {first.Name} {ValueOf(first)}";
        return $"expected options{example}, found '{word}'";
    }

    private static string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens.Count: 0 } option => $"{option.Option.Name}: expected {ValueOf(option.Option)}, found nothing",
        // The message of an option's own check.
        OptionResult option when error.Message.StartsWith(option.Option.Name, StringComparison.Ordinal) => error.Message,
        OptionResult option when Kind(option.Option.ValueType) is { } kind =>
            $"{option.Option.Name}: expected {kind}, found '{option.Tokens[^1].Value}'",
        ArgumentResult { Tokens.Count: 0 } argument =>
            $"expected <{argument.Argument.Name}>, {FirstSentence(argument.Argument.Description)}",
        _ => error.Message,
    };

    /// <summary>Returns the kind of value that a type holds; null for a text, whose own check has the message.</summary>
    private static string? Kind(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) return "one of " + string.Join(", ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()));
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Double or TypeCode.Single or TypeCode.Decimal => "a number",
            TypeCode.Int32 or TypeCode.Int64 => "a whole number",
            TypeCode.Boolean => "true or false",
            _ => null,
        };
    }

    private static string ValueOf(Option option) => Kind(option.ValueType) ?? (option.HelpName is { } name ? name : "a value");

    /// <summary>Returns the first sentence of a help text as a part of another sentence.</summary>
    private static string FirstSentence(string? text) => text is { Length: > 0 }
        ? char.ToLowerInvariant(text[0]) + (text[1..].Split(". ")[0] is var first && first.EndsWith("...", StringComparison.Ordinal)
            ? first
            : first.TrimEnd('.'))
        : "which is missing";

    /// <summary>Returns a command and those above it, whose recursive options it has too.</summary>
    private static IEnumerable<Command> Reachable(Command command)
    {
        yield return command;
        foreach (var parent in command.Parents.OfType<Command>())
        {
            foreach (var one in Reachable(parent).Where(one => one.Options.Any(option => option.Recursive))) yield return one;
        }
    }
}
