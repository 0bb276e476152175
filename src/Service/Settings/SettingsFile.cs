using System.Text.Json;
using Locutor.Files;

namespace Locutor.Service.Settings;

/// <summary>Reads a settings file: a JSON object whose properties are settings.</summary>
internal static class SettingsFile
{
    private const long LargestFile = 1 << 20;

    private static readonly JsonDocumentOptions Json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <returns>The settings by name. Each is known and in its range; the elements of an array are joined by commas.</returns>
    /// <exception cref="SettingsException">The file cannot be read, or a setting is unknown or out of range. The message names the
    /// file.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string file)
    {
        try
        {
            if (new FileInfo(file).Length is var length && length > LargestFile)
                throw new SettingsException($"expected at most {LargestFile} bytes, found {length}");
            using var json = JsonDocument.Parse(File.ReadAllBytes(file), Json);
            KeyValuePair<string, string>[] settings =
                [.. json.RootElement.EnumerateObject().Select(property => KeyValuePair.Create(property.Name, Text(property.Value)))];
            foreach (var (name, value) in settings) SettingsTable.Apply(new ServeSettings(), name, value);
            return settings;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{file}: {FileFault.Describe(exception)}");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new SettingsException($"{file}: expected a JSON object of settings: {exception.Message}");
        }
        catch (SettingsException exception)
        {
            throw new SettingsException($"{file}: {exception.Message}");
        }
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(Text)),
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };
}
