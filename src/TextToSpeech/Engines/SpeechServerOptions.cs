namespace Locutor.TextToSpeech.Engines;

/// <summary>A server with OpenAI's protocol <c>/v1/audio/speech</c>, and the options of requests to it.</summary>
/// <param name="Address">Base address with or without <c>/v1</c> at its end; the rest of the path is added.</param>
public sealed record SpeechServerOptions(Uri Address)
{
    /// <summary>Prefix of the environment variables: LOCUTOR_SPEECH_URL and so on.</summary>
    private const string Prefix = "LOCUTOR_SPEECH_";

    /// <summary>Name of the model in requests.</summary>
    public string Model { get; init; } = "tts-1";

    /// <summary>Names of voices; empty for the list of the server.</summary>
    public IReadOnlyList<string> Voices { get; init; } = [];

    /// <summary>The key that is sent as a bearer token; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>Time limit for one request.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Reads the options from LOCUTOR_SPEECH_URL, _MODEL, _VOICES and _KEY; null if there is no address.</summary>
    /// <exception cref="SpeechException">The address is not an http or https address.</exception>
    public static SpeechServerOptions? FromEnvironment() => From(Variable("URL"), Variable("MODEL"), Variable("VOICES"), Variable("KEY"));

    /// <summary>Reads the options from texts; null if there is no address.</summary>
    /// <exception cref="SpeechException">The address is not an http or https address.</exception>
    public static SpeechServerOptions? From(string? address, string? model, string? voices, string? key)
    {
        if (string.IsNullOrWhiteSpace(address)) return null;
        if (!Uri.TryCreate(address.Trim(), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
            || uri.UserInfo.Length > 0)
        {
            throw new SpeechException(
                SpeechFault.NoEngine, $"speech_url: expected an http or https address without a user name, found '{address}'");
        }
        var options = new SpeechServerOptions(uri)
        {
            Key = string.IsNullOrEmpty(key) ? null : key,
            Voices = (voices ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        };
        return string.IsNullOrWhiteSpace(model) ? options : options with { Model = model.Trim() };
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(Prefix + name);
}
