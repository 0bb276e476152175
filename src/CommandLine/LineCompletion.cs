using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace Locutor.CommandLine;

/// <summary>
/// The words that complete a command line in a shell. Those of System.CommandLine end after the first option that may be repeated, as all
/// options of a request may.
/// </summary>
public static class LineCompletion
{
    /// <summary>
    /// Returns commands, options, or values of an option that continue a line. It is empty where a file is expected, so that the shell
    /// completes files.
    /// </summary>
    /// <param name="root">All commands.</param>
    /// <param name="line">The command line up to the cursor, with the name of the program.</param>
    public static IReadOnlyList<string> After(Command root, string line)
    {
        string[] words = [.. CommandLineParser.SplitCommandLine(line).Skip(1)];
        bool begins = line.Length == 0 || char.IsWhiteSpace(line[^1]);
        string word = begins ? "" : words.LastOrDefault() ?? "";
        string[] before = begins || words.Length == 0 ? words : words[..^1];
        var command = root.Parse(before).CommandResult.Command;
        IEnumerable<string> found;
        if (word.StartsWith('-')) found = Options(command);
        else if (before.LastOrDefault() is { } last && Taking(command, last) is { } option) found = Values(option);
        else found = Words(command);
        return [.. found.Where(one => one.StartsWith(word, StringComparison.OrdinalIgnoreCase)).Distinct().Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Options(Command command) =>
        command.Options.Where(option => !option.Hidden).Select(option => option.Name);

    /// <summary>Returns the option that a word names, if it takes the next word as its value.</summary>
    private static Option? Taking(Command command, string word) => command.Options.FirstOrDefault(option =>
        (option.Name == word || option.Aliases.Contains(word)) && option.Arity.MaximumNumberOfValues > 0
            && option.ValueType != typeof(bool));

    private static IEnumerable<string> Values(Option option)
    {
        var values = option.GetCompletions(CompletionContext.Empty).Select(item => item.Label);
        return option.ValueType.IsEnum ? values.Select(value => value.ToLowerInvariant()) : values;
    }

    /// <summary>Returns what a command takes in place of an option: its subcommands, or values of its arguments.</summary>
    private static IEnumerable<string> Words(Command command)
    {
        string[] names = [.. command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)];
        string[] values =
            [.. command.Arguments.SelectMany(argument => argument.GetCompletions(CompletionContext.Empty)).Select(item => item.Label)];
        return names.Length + values.Length > 0 || command.Arguments.Count > 0 ? names.Concat(values) : Options(command);
    }
}
