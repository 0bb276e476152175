using System.CommandLine;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>
/// Creates the options for the fields of a request from <see cref="VideoFields"/>, which also parses and checks their values.
/// </summary>
internal static class RequestOptions
{
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
        return form;
    }

    private static Option<string[]> Create(RequestField field) => new(field.Option!, field.ShortOption is { } letter ? [letter] : [])
    {
        Description = field.Help,
        HelpName = field.ValueName,
        Arity = ArgumentArity.ZeroOrMore, // The form refuses a missing or repeated value, with the messages of all interfaces.
        AllowMultipleArgumentsPerToken = false,
    };
}
