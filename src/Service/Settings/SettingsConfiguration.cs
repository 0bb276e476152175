using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace Locutor.Service.Settings;

/// <summary>
/// The settings of the service as a configuration: a file, then the environment, then the command line. A later source overrides an
/// earlier one.
/// </summary>
public static class SettingsConfiguration
{
    /// <summary>The section that holds the settings, such as <c>Locutor:max_queued</c>.</summary>
    public const string Section = "Locutor";

    /// <param name="file">The settings file that the user names; null looks for <c>locutor.json</c> in the data folder.</param>
    /// <param name="environment">The environment variables of the process.</param>
    /// <param name="options">The settings from the command line.</param>
    /// <exception cref="SettingsException">The file cannot be read, or one of its settings is unknown or out of range.</exception>
    public static IConfigurationRoot Load(
        string? file, IEnumerable<KeyValuePair<string, string>> environment, IReadOnlyList<KeyValuePair<string, string>> options)
    {
        // Other variables begin with LOCUTOR_ too, so unknown names are ignored here; EnvironmentNames reports misspelt ones.
        var names = EnvironmentNames.Settings;
        KeyValuePair<string, string>[] variables =
            [.. environment.Where(pair => names.ContainsKey(pair.Key)).Select(pair => KeyValuePair.Create(names[pair.Key], pair.Value))];
        string data = variables.Concat(options).Where(pair => pair.Key == "data").Select(pair => pair.Value)
            .LastOrDefault(ServeSettings.DefaultData);
        string usual = Path.Combine(data, "locutor.json");
        var builder = new ConfigurationBuilder();
        if (file is not null || File.Exists(usual)) builder.Add(Source(SettingsFile.Read(file ?? usual)));
        return builder.Add(Source(variables)).Add(Source(options)).Build();
    }

    /// <summary>Creates a configuration from the names and values of settings.</summary>
    public static IConfigurationRoot From(IEnumerable<KeyValuePair<string, string>> settings) =>
        new ConfigurationBuilder().Add(Source(settings)).Build();

    /// <summary>Creates a source of settings. If a setting is given twice, the last value applies.</summary>
    private static MemoryConfigurationSource Source(IEnumerable<KeyValuePair<string, string>> settings) => new()
    {
        InitialData = settings.GroupBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase)
            .Select(given => KeyValuePair.Create(ConfigurationPath.Combine(Section, given.Key), (string?)given.Last().Value)),
    };
}
