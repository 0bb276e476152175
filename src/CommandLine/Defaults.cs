using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;

namespace Locutor.CommandLine;

/// <summary>
/// Defaults of options from a JSON file: an object for each command, such as <c>{ "generate": { "model": "flashtalk" } }</c>. The command
/// line has priority.
/// </summary>
public static class Defaults
{
    /// <summary>The variable that names another file; an empty value means no file.</summary>
    public const string Variable = "LOCUTOR_DEFAULTS";

    /// <summary>The file of defaults: <c>locutor/defaults.json</c> in the user's folder of settings.</summary>
    public static string UsualPath => UserFolder.File("defaults.json");

    /// <summary>Returns a command line with the defaults of its command.</summary>
    /// <exception cref="CommandException">The file is damaged, or names an option that does not exist.</exception>
    public static string[] AddTo(string[] args, Command root)
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        string path = named ?? UsualPath;
        if (path.Length == 0 || args.Length == 0 || args[0].StartsWith('[') || (named is null && !File.Exists(path))) return args;
        return AddTo(args, root, path, Read(path));
    }

    internal static string[] AddTo(string[] args, Command root, string path, JsonElement defaults)
    {
        var parsed = root.Parse(args);
        string command = PathOf(parsed.CommandResult);
        foreach (var section in defaults.EnumerateObject())
        {
            if (root.Parse(section.Name) is not { UnmatchedTokens.Count: 0 } known || PathOf(known.CommandResult) != section.Name)
                throw Wrong(path, $"'{section.Name}' is no command");
        }

        if (!defaults.TryGetProperty(command, out var values)) return args;
        if (values.ValueKind is not JsonValueKind.Object) throw Wrong(path, $"{command}: expected an object of options");
        return [.. args, .. values.EnumerateObject().SelectMany(value => Tokens(value, parsed, $"{path}: {command}"))];
    }

    private static IEnumerable<string> Tokens(JsonProperty value, ParseResult parsed, string place)
    {
        string name = "--" + value.Name.Replace('_', '-');
        var options = parsed.CommandResult.Command.Options;
        var option = options.FirstOrDefault(one => one.Name == name && !one.Hidden);
        if (option is null)
        {
            throw new CommandException(
                ExitCodes.Usage, $"{place}: there is no option '{value.Name}'{Suggestion.For(name, [.. options.Select(one => one.Name)])}");
        }

        if (parsed.GetResult(option) is { Implicit: false }) return [];
        return value.Value.ValueKind switch
        {
            JsonValueKind.Null => [],
            JsonValueKind.String => [$"{name}={value.Value.GetString()}"],
            JsonValueKind.Array => value.Value.EnumerateArray().Select(one => $"{name}={one}"),
            JsonValueKind.Object =>
                throw new CommandException(ExitCodes.Usage, $"{place}: {value.Name}: expected a value, found an object"),
            _ => [$"{name}={value.Value.GetRawText()}"],
        };
    }

    internal static JsonElement Read(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(
                File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return json.RootElement.ValueKind is JsonValueKind.Object
                ? json.RootElement.Clone()
                : throw Wrong(path, "expected an object with the names of commands");
        }
        catch (JsonException broken)
        {
            throw Wrong(path, broken.Message, broken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, failure.Message, failure);
        }
    }

    private static CommandException Wrong(string path, string reason, Exception? inner = null) =>
        new(ExitCodes.Usage, $"{path}: {reason}", inner);

    private static string PathOf(CommandResult command) => command.Parent is CommandResult { Parent: not null } outer
        ? $"{PathOf(outer)} {command.Command.Name}"
        : command.Command.Name;
}
