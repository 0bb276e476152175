using System.Text;
using Locutor.TextToSpeech.Engines;
using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.TextToSpeech;

/// <summary>The engines of this machine and their voices.</summary>
public sealed class VoiceCatalogue(IReadOnlyList<ISpeechEngine> engines)
{
    private const string Install =
        "install espeak-ng (Debian and Ubuntu: apt-get install espeak-ng), or name a speech server with speech_url (LOCUTOR_SPEECH_URL)";

    /// <summary>
    /// Creates the catalogue of a server, flite and espeak-ng, those of them that are available. The first engine has the default voice.
    /// </summary>
    public static VoiceCatalogue FromThisMachine(ISpeechEngine? server) =>
        new([.. new[] { server, Flite.Find(), EspeakNg.Find() }.OfType<ISpeechEngine>()]);

    /// <summary>Lists all voices. An engine that does not answer is left out, and its reason is returned.</summary>
    public async Task<(IReadOnlyList<Voice> Voices, IReadOnlyList<string> Faults)> ListAsync(CancellationToken cancellationToken)
    {
        var (voices, faults) = (new List<Voice>(), new List<string>());
        foreach (var engine in engines)
        {
            try
            {
                voices.AddRange(await engine.VoicesAsync(cancellationToken).ConfigureAwait(false));
            }
            catch (SpeechException failed)
            {
                faults.Add(failed.Message);
            }
        }
        if (engines.Count == 0) faults.Add($"this machine has no voice: {Install}");
        return (voices, faults);
    }

    /// <summary>
    /// Returns for each voice the shortest unique name: its name, or its full name if an earlier engine has a voice of that name.
    /// </summary>
    public static IReadOnlyList<string> ShortestNames(IReadOnlyList<Voice> voices)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return [.. voices.Select(voice => seen.Add(voice.Name) ? voice.Name : voice.FullName)];
    }

    /// <summary>Returns the engine of a voice.</summary>
    internal ISpeechEngine EngineOf(Voice voice) => engines.First(engine => engine.Name == voice.Engine);

    /// <summary>Finds a voice by its name or its full name.</summary>
    /// <param name="name">The name; null for the default voice.</param>
    /// <param name="words">The words to speak. The default voice is refused for text that is not mostly in Latin script.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="SpeechException">There is no such voice, or an engine does not answer.</exception>
    public async Task<Voice> FindAsync(string? name, string words, CancellationToken cancellationToken)
    {
        if (engines.Count == 0) throw new SpeechException(SpeechFault.NoEngine, $"this machine has no voice: {Install}");
        if (name is null)
        {
            var defaultVoice = (await engines[0].VoicesAsync(cancellationToken).ConfigureAwait(false))[0];
            if (engines[0] is not SpeechServer && !IsLatin(words))
            {
                throw new SpeechException(
                    SpeechFault.Voice,
                    $"expected a voice for the script of this text, since {defaultVoice.Name} speaks English; 'locutor voices' and GET " +
                    "/v1/voices list them");
            }
            return defaultVoice;
        }
        SpeechException? failure = null;
        foreach (var engine in engines)
        {
            string prefix = engine.Name + ":";
            try
            {
                if (await engine.FindAsync(
                    name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name,
                    cancellationToken).ConfigureAwait(false) is { } found)
                {
                    return found;
                }
            }
            catch (SpeechException failed)
            {
                failure ??= failed;
            }
        }
        throw failure ?? new SpeechException(SpeechFault.Voice, await UnknownAsync(name, cancellationToken).ConfigureAwait(false));
    }

    private async Task<string> UnknownAsync(string name, CancellationToken cancellationToken)
    {
        var voices = (await ListAsync(cancellationToken).ConfigureAwait(false)).Voices;
        string start = name.Split('-', '+', ':')[0];
        string[] similar =
        [
            .. voices.Where(voice => start.Length > 0 && voice.Name.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                .Concat(voices).Select(voice => voice.Name).Distinct().Take(4)
        ];
        return $"expected one of {string.Join(", ", similar)} or another of the {voices.Count} voices that 'locutor voices' and GET " +
            $"/v1/voices list, found '{name}'";
    }

    /// <summary>Returns whether at least half of the letters are Latin.</summary>
    private static bool IsLatin(string words)
    {
        int latin = 0, letters = 0;
        foreach (var rune in words.EnumerateRunes())
        {
            if (!Rune.IsLetter(rune)) continue;
            letters++;
            if (rune.Value < 0x250 || rune.Value is >= 0x1E00 and < 0x1F00) latin++;
        }
        return 2 * latin >= letters;
    }
}
