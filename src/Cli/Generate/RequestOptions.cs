using System.CommandLine;
using System.CommandLine.Completions;
using Locutor.Generation.Requests;
using Locutor.Models.Store;

namespace Locutor.Cli.Generate;

/// <summary>
/// Creates the options for the fields of a request from <see cref="VideoFields"/>, which also parses and checks their values.
/// </summary>
internal static class RequestOptions
{
    public static IReadOnlyList<(RequestField Field, Option<string[]> Option)> All { get; } =
        [.. VideoFields.All.Where(field => field.Option is not null).Select(field => (field, Create(field)))];

    /// <summary>Reads the request from a command line.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="row">Values of one video of a batch, by the names of their fields; they replace options.</param>
    public static RequestForm Read(ParseResult parsed, IReadOnlyDictionary<string, string>? row = null)
    {
        var form = new RequestForm();
        foreach (var (name, text) in row ?? new Dictionary<string, string>()) form.AddText(name, text);
        foreach (var (field, text) in Texts(parsed))
            if (row?.ContainsKey(field.Name) != true) form.AddText(field.Name, text);
        return form;
    }

    /// <summary>Returns the fields that a command line gives, with their values as text.</summary>
    public static IEnumerable<(RequestField Field, string Text)> Texts(ParseResult parsed)
    {
        foreach (var (field, option) in All)
        {
            if (parsed.GetResult(option) is not { Implicit: false } given) continue;
            string[] texts = [.. given.Tokens.Select(token => token.Value)];
            if (texts.Length > 0 && field.Join(texts) is { } joined) texts = [joined];
            if (texts.Length == 0) texts = [field is FlagField ? "true" : ""];
            foreach (string text in texts) yield return (field, text);
        }
    }

    /// <summary>Returns the names of all models, for the completion in a shell.</summary>
    public static IEnumerable<CompletionItem> ModelNames(CompletionContext context) =>
        BundleCatalogue.Default().Names().Select(name => new CompletionItem(name));

    private static Option<string[]> Create(RequestField field)
    {
        var option = CreatePlain(field);
        if (field == VideoFields.Model)
            option.CompletionSources.Add(ModelNames);
        else if (field.Limits(null).Choices is { } choices) option.CompletionSources.Add([.. choices]);
        return option;
    }

    private static Option<string[]> CreatePlain(RequestField field) => new(field.Option!, field.ShortOption is { } letter ? [letter] : [])
    {
        Description = field.Help,
        HelpName = field.ValueName,
        Arity = ArgumentArity.ZeroOrMore, // The form refuses a missing or repeated value, with the messages of all interfaces.
        AllowMultipleArgumentsPerToken = false,
    };
}
