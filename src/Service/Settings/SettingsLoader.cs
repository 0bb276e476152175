using System.Text.Json;

namespace Locutor.Service.Settings;

/// <summary>Reads the settings from a file, then the environment, then the command line. A later source overrides an earlier one.</summary>
public static class SettingsLoader
{
    private const long LargestFile = 1 << 20;

    /// <param name="file">The settings file that the user names; null looks for <c>locutor.json</c> in the data folder.</param>
    /// <param name="environment">The environment variables of the process.</param>
    /// <param name="options">The settings from the command line.</param>
    /// <exception cref="SettingsException">A setting is unknown or out of range, or the file cannot be read.</exception>
    public static ServeSettings Load(
        string? file, IEnumerable<KeyValuePair<string, string>> environment, IReadOnlyList<KeyValuePair<string, string>> options)
    {
        var variables = Variables(environment).ToList();
        var data = options.Concat(variables).Where(pair => pair.Key == "data").Select(pair => pair.Value)
            .FirstOrDefault(ServeSettings.DefaultData);
        var beside = Path.Combine(data, "locutor.json");
        var settings = new ServeSettings();
        if (file is not null || File.Exists(beside))
            settings = ReadFile(settings, file ?? beside);
        return variables.Concat(options).Aggregate(settings, (current, pair) => SettingsTable.Apply(current, pair.Key, pair.Value));
    }

    private static IEnumerable<KeyValuePair<string, string>> Variables(IEnumerable<KeyValuePair<string, string>> environment)
    {
        // Other variables begin with LOCUTOR_ too, so unknown names are ignored here; EnvironmentNames reports misspelt ones.
        var names = EnvironmentNames.Settings;
        return environment.Where(pair => names.ContainsKey(pair.Key)).Select(pair => KeyValuePair.Create(names[pair.Key], pair.Value));
    }

    private static ServeSettings ReadFile(ServeSettings settings, string file)
    {
        try
        {
            if (new FileInfo(file).Length is var length && length > LargestFile)
                throw new SettingsException($"{file}: expected at most {LargestFile} bytes, found {length}");
            using var json = JsonDocument.Parse(
                File.ReadAllBytes(file),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            foreach (var property in json.RootElement.EnumerateObject())
                settings = SettingsTable.Apply(settings, property.Name, Value(property.Value));
            return settings;
        }
        catch (Exception exception)
            when (exception is IOException or JsonException or InvalidOperationException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{file}: expected a JSON object of settings: {exception.Message}");
        }
        catch (SettingsException exception)
        {
            throw new SettingsException($"{file}: {exception.Message}");
        }
    }

    private static string Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(Value)),
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };
}
