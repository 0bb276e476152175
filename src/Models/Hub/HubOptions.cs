using Locutor.Files;

namespace Locutor.Models.Hub;

/// <summary>Options of downloads: mirrors, cache, number of connections and retries.</summary>
public sealed record HubOptions
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    /// <summary>Servers with the hub's API; the first one is preferred.</summary>
    public IReadOnlyList<Uri> Mirrors { get; init; } = [new("https://huggingface.co")];

    /// <summary>Access token. It is sent to the mirrors only, never to hosts that they redirect to.</summary>
    public string? Token { get; init; }

    /// <summary>True to fetch nothing; a file that is not on disk is then an error.</summary>
    public bool Offline { get; init; }

    /// <summary>The hub's own cache (<c>models--owner--name/snapshots</c>), whose files are used in place; null for none.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Number of ranges that are fetched in parallel, 1 to 64.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>Number of consecutive failures after which a file is given up; received data reset the count.</summary>
    public int Attempts { get; init; } = 8;

    /// <summary>Delay after the first failure. Each further failure doubles it, up to 30 s.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A connection is closed if it delivers no data for this time.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Returns the delay after a number of consecutive failures; used unless the server asks for another delay.</summary>
    internal TimeSpan Backoff(int failures)
    {
        var delay = FirstDelay * (Math.Pow(2, failures - 1) * (0.75 + Random.Shared.NextDouble() / 2));
        return delay < LongestDelay ? delay : LongestDelay;
    }

    /// <summary>
    /// Reads the options from the environment. Mirrors: LOCUTOR_MIRRORS (separated by commas) or HF_ENDPOINT. Token: HF_TOKEN,
    /// HUGGING_FACE_HUB_TOKEN, or the file HF_TOKEN_PATH or HF_HOME/token. Cache: HF_HUB_CACHE or HF_HOME/hub. Offline: LOCUTOR_OFFLINE or
    /// HF_HUB_OFFLINE.
    /// </summary>
    /// <exception cref="BundleException">A mirror is not an http or https address.</exception>
    public static HubOptions FromEnvironment()
    {
        string home = Text("HF_HOME") ?? Path.Combine(Text("XDG_CACHE_HOME") ?? Path.Combine(HomeFolder.Path, ".cache"), "huggingface");
        string tokenFile = Text("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        return new HubOptions
        {
            Mirrors = (Text("LOCUTOR_MIRRORS") ?? Text("HF_ENDPOINT")) is { } mirrors
                ? [.. mirrors.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Mirror)]
                : [new("https://huggingface.co")],
            Token = Text("HF_TOKEN")
                ?? Text("HUGGING_FACE_HUB_TOKEN")
                ?? (File.Exists(tokenFile) ? File.ReadAllText(tokenFile).Trim() : null),
            CacheFolder = Text("HF_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Offline = (Text("LOCUTOR_OFFLINE") ?? Text("HF_HUB_OFFLINE"))?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON",
        };
    }

    private static string? Text(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static Uri Mirror(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? new Uri(text)
        : throw new BundleException($"mirror: expected an http or https address, found {text}");
}
