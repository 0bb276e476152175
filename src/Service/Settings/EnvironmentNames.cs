using Locutor.Checkpoints;

namespace Locutor.Service.Settings;

/// <summary>Finds environment variables that look like settings of this program but are not used, such as misspelt ones.</summary>
public static class EnvironmentNames
{
    private const string Prefix = "LOCUTOR_";
    private const int Slips = 2;

    /// <summary>Variables that the program or its image reads but that are not settings of the service.</summary>
    private static readonly string[] Others =
    [
        "LOCUTOR_ATTENTION", "LOCUTOR_DEBUG", "LOCUTOR_DEFAULTS", "LOCUTOR_GPU_CAPABILITY", "LOCUTOR_HOME", "LOCUTOR_INJECTED_FAULT",
        "LOCUTOR_MIRRORS", "LOCUTOR_MODELS", "LOCUTOR_NVRTC", "LOCUTOR_OFFLINE", "LOCUTOR_PLAIN_KERNELS", "LOCUTOR_PULL",
        "LOCUTOR_SELF_TEST", "LOCUTOR_SERVER", "LOCUTOR_TOKEN", "LOCUTOR_TOKEN_FILE", "LOCUTOR_TORCH",
    ];

    /// <summary>Variables that the test script and the tests read; a program that they start inherits them.</summary>
    private static readonly string[] TestVariables =
        ["LOCUTOR_GOLDENS", "LOCUTOR_LONG_TESTS", "LOCUTOR_SEED", "LOCUTOR_TEST_RUN", "LOCUTOR_TEST_SLOTS", "LOCUTOR_TEST_TIMEOUT"];

    /// <summary>The names of the settings by the names of their environment variables.</summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } = SettingsTable.All.ToDictionary(
        setting => Prefix + setting.Name.ToUpperInvariant(), setting => setting.Name);

    /// <summary>Returns whether the program reads the variable.</summary>
    public static bool IsRead(string name) => Settings.ContainsKey(name) || Others.Contains(name) || TestVariables.Contains(name);

    /// <summary>Returns the variables of an environment that begin with LOCUTOR_ and that the program does not read.</summary>
    public static IReadOnlyList<UnreadVariable> Unread(IEnumerable<string> names) =>
        [.. names.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !IsRead(name)).Order(StringComparer.Ordinal)
            .Select(name => new UnreadVariable(name, NearestNames.Within(Slips, name, Settings.Keys.Concat(Others))))];
}

/// <summary>An environment variable that the program does not read.</summary>
/// <param name="Meant">The variable that was probably meant, or null.</param>
public sealed record UnreadVariable(string Name, string? Meant)
{
    public string Text =>
        Meant is null ? $"{Name} is not a variable of this program" : $"{Name} is not a variable of this program; did you mean {Meant}?";
}
