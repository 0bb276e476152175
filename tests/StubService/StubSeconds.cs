namespace Locutor.StubService;

/// <summary>The setting <c>stub_seconds</c>, which only this program has: how long a video takes.</summary>
internal static class StubSeconds
{
    public const string Variable = "STUB_SECONDS";

    private const string Setting = "stub_seconds=";

    /// <summary>Takes every <c>--set stub_seconds=X</c> out of a command line.</summary>
    /// <returns>The last value, null if there is none, and the other arguments.</returns>
    public static (string? Value, string[] Others) Take(string[] arguments)
    {
        string? value = null;
        var others = new List<string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--set" && i + 1 < arguments.Length && arguments[i + 1].StartsWith(Setting, StringComparison.Ordinal))
                value = arguments[++i][Setting.Length..];
            else others.Add(arguments[i]);
        }
        return (value, [.. others]);
    }
}
