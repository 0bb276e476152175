namespace Locutor.Models.Hub;

/// <summary>Where model files come from and how hard to try.</summary>
public sealed record HubOptions
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    /// <summary>Servers with the hub's API, the first one preferred.</summary>
    public IReadOnlyList<Uri> Mirrors { get; init; } = [new("https://huggingface.co")];

    /// <summary>Sent to the mirrors alone, never to the hosts that they redirect to.</summary>
    public string? Token { get; init; }

    /// <summary>Nothing is fetched; what is not on disk is an error.</summary>
    public bool Offline { get; init; }

    /// <summary>The hub's own cache (<c>models--owner--name/snapshots</c>), whose files are used where they lie; null for none.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Ranges fetched at the same time, 1 to 64.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>Requests in a row that may fail before a file is given up; progress starts the count again.</summary>
    public int Attempts { get; init; } = 8;

    /// <summary>Wait after the first failure; doubled after each further one, up to 30 s.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A connection that gives no byte for so long is dropped.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait after so many failures in a row, unless the server says otherwise.</summary>
    internal TimeSpan Backoff(int failures)
    {
        var delay = FirstDelay * (Math.Pow(2, failures - 1) * (0.75 + Random.Shared.NextDouble() / 2));
        return delay < LongestDelay ? delay : LongestDelay;
    }

    /// <summary>
    /// HF_ENDPOINT or LOCUTOR_MIRRORS (separated by commas); HF_TOKEN, or the file HF_TOKEN_PATH or HF_HOME/token; HF_HUB_CACHE or HF_HOME/hub;
    /// HF_HUB_OFFLINE or LOCUTOR_OFFLINE.
    /// </summary>
    /// <exception cref="BundleException">A mirror that is no http address.</exception>
    public static HubOptions FromEnvironment()
    {
        string home = Text("HF_HOME") ?? Path.Combine(Text("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "huggingface");
        string tokenFile = Text("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        return new HubOptions
        {
            Mirrors = (Text("LOCUTOR_MIRRORS") ?? Text("HF_ENDPOINT")) is { } mirrors ? [.. mirrors.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Mirror)] : [new("https://huggingface.co")],
            Token = Text("HF_TOKEN") ?? Text("HUGGING_FACE_HUB_TOKEN") ?? (File.Exists(tokenFile) ? File.ReadAllText(tokenFile).Trim() : null),
            CacheFolder = Text("HF_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Offline = (Text("LOCUTOR_OFFLINE") ?? Text("HF_HUB_OFFLINE"))?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON",
        };
    }

    private static string? Text(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static Uri Mirror(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? new Uri(text)
        : throw new BundleException($"mirror: expected an http or https address, found {text}");
}
