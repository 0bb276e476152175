using System.CommandLine;
using Locutor.Checkpoints;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>
/// Creates the options for the fields of a request from <see cref="VideoFields"/>, which also parses and checks their values.
/// </summary>
internal static class RequestOptions
{
    /// <summary>The length of a common start, two dashes and two letters, from which two options count as similar.</summary>
    private const int LikelyStart = 4;

    public static IReadOnlyList<(RequestField Field, Option<string[]> Option)> All { get; } =
        [.. VideoFields.All.Where(field => field.Option is not null).Select(field => (field, Create(field)))];

    /// <summary>Reads the request from a command line.</summary>
    public static RequestForm Read(ParseResult parsed)
    {
        var form = new RequestForm();
        foreach (var (field, option) in All)
        {
            if (parsed.GetResult(option) is not { Implicit: false } given) continue;
            string[] texts = [.. given.Tokens.Select(token => token.Value)];
            if (field is BoxesField && texts.Length > 0) texts = [BoxesField.Join(texts)];
            if (texts.Length == 0) texts = [field is FlagField ? "true" : ""];
            foreach (string text in texts) form.AddText(field.Name, text);
        }
        if (parsed.UnmatchedTokens.Count > 0) AddUnknown(form, parsed.UnmatchedTokens[0], parsed.CommandResult.Command);
        return form;
    }

    private static Option<string[]> Create(RequestField field) => new(field.Option!, field.ShortOption is { } letter ? [letter] : [])
    {
        Description = field.Help,
        HelpName = field.ValueName,
        Arity = ArgumentArity.ZeroOrMore, // The form refuses a missing or repeated value, with the messages of all interfaces.
        AllowMultipleArgumentsPerToken = false,
    };

    private static void AddUnknown(RequestForm form, string token, Command command)
    {
        if (!token.StartsWith('-'))
        {
            form.Faults.Add("generate", $"expected options, found '{token}'");
        }
        else
        {
            form.Faults.Add(
                token,
                "there is no such option; did you mean " +
                $"{string.Join(", ", NearestNames.To(token, Alike(token, [.. command.Options.Select(option => option.Name)])))}?");
        }
    }

    /// <summary>Returns the options that begin like the token, or all options when none does.</summary>
    private static string[] Alike(string token, string[] names)
    {
        string start = token[..Math.Min(token.Length, LikelyStart)];
        string[] alike = [.. names.Where(name => name.StartsWith(start, StringComparison.OrdinalIgnoreCase))];
        return alike.Length > 0 ? alike : names;
    }
}
