using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;

namespace Locutor.TextToSpeech;

/// <summary>A spoken script.</summary>
/// <param name="Paths">A WAV file for each person, all of equal length: one person is silent while the other speaks.</param>
/// <param name="SoundPath">The WAV file of all speech; for one person, the file in <paramref name="Paths"/>.</param>
/// <param name="Seconds">Duration.</param>
/// <param name="Cues">Captions of the words.</param>
/// <param name="Voices">The voice of each person.</param>
/// <param name="Note">A message for the user about the captions, or null.</param>
public sealed record Narration(
    IReadOnlyList<string> Paths, string SoundPath, double Seconds, IReadOnlyList<Cue> Cues, IReadOnlyList<Voice> Voices, string? Note);

/// <summary>Speaks scripts into sound files.</summary>
public sealed class Narrator(VoiceCatalogue catalogue)
{
    private const string Program = "Locutor";

    /// <summary>Columns of the longest sentence that an engine speaks at once.</summary>
    private const int LongestSentence = 600;

    // Pauses in seconds.
    private const double AtStart = 0.1, AfterPassage = 0.35, AfterTurn = 0.5, AtEnd = 0.3;

    /// <summary>Finds the voices of a script: one for each person.</summary>
    /// <exception cref="SpeechException">There is no such voice.</exception>
    public async Task<IReadOnlyList<Voice>> VoicesAsync(Script script, string? first, string? second, CancellationToken cancellationToken)
    {
        var voice = await catalogue.FindAsync(first, script.Words, cancellationToken).ConfigureAwait(false);
        if (!script.IsDialogue) return [voice];
        if (second is null) return [voice, await catalogue.EngineOf(voice).OtherAsync(voice, cancellationToken).ConfigureAwait(false)];
        try
        {
            return [voice, await catalogue.FindAsync(second, script.Words, cancellationToken).ConfigureAwait(false)];
        }
        catch (SpeechException unknown) when (unknown.Fault == SpeechFault.Voice)
        {
            throw new SpeechException(unknown.Fault, unknown.Message, unknown) { Field = "voice2" };
        }
    }

    /// <summary>Speaks a script.</summary>
    /// <param name="script">The words.</param>
    /// <param name="voices">A voice for each person, from <see cref="VoicesAsync"/>.</param>
    /// <param name="folder">An empty folder for the sound files; the caller deletes it.</param>
    /// <param name="longest">Longest speech in seconds.</param>
    /// <param name="cancellationToken">Cancels between two passages.</param>
    /// <exception cref="SpeechException">The script cannot be spoken, or becomes too long.</exception>
    public async Task<Narration> SpeakAsync(
        Script script, IReadOnlyList<Voice> voices, string folder, double longest, CancellationToken cancellationToken)
    {
        var tracks = new Tracks(
            [.. voices.Select((_, person) => PathOf(folder, person))],
            [.. voices.Select(voice => Label(catalogue.EngineOf(voice), voice))]);
        double seconds;
        using (tracks)
            seconds = await WriteAsync(tracks, script, voices, longest, cancellationToken).ConfigureAwait(false);
        string sound = voices.Count == 1 ? PathOf(folder, 0) : await MixAsync(voices, folder, cancellationToken).ConfigureAwait(false);
        return new Narration([.. voices.Select((_, i) => PathOf(folder, i))], sound, seconds, tracks.Cues, voices, tracks.Note);
    }

    /// <summary>Writes the tracks.</summary>
    /// <returns>Their duration in seconds.</returns>
    private async Task<double> WriteAsync(
        Tracks tracks, Script script, IReadOnlyList<Voice> voices, double longest, CancellationToken cancellationToken)
    {
        IReadOnlyList<string>[] turns =
            [.. script.Turns.Select(turn => Passages(turn.Text, catalogue.EngineOf(voices[turn.Speaker]).LongestPassage).ToList())];
        // One call speaks all passages of a person. It speaks a passage when the loop below requests it.
        var people = voices.Select((voice, person) => catalogue.EngineOf(voice)
            .SpeakAsync([.. turns.Where((_, i) => script.Turns[i].Speaker == person).SelectMany(turn => turn)], voice, cancellationToken)
            .GetAsyncEnumerator(cancellationToken)).ToList();
        double now = AtStart;
        try
        {
            for (int i = 0; i < turns.Length; i++)
            {
                int person = script.Turns[i].Speaker;
                for (int left = turns[i].Count; left > 0 && await people[person].MoveNextAsync().ConfigureAwait(false); left--)
                {
                    if (tracks.Append(person, people[person].Current, now) is not { } end) continue;
                    if ((now = end + AfterPassage) > longest)
                        throw new SpeechException(SpeechFault.TooLong, $"expected at most {longest:0.#} s of speech, found more");
                }
                now += AfterTurn - AfterPassage;
            }
        }
        finally
        {
            foreach (var person in people) await person.DisposeAsync().ConfigureAwait(false);
        }
        double seconds = now - AfterTurn + AtEnd;
        if (tracks.Cues.Count == 0)
            throw new SpeechException(SpeechFault.Text, $"expected words that {voices[0].FullName} can speak, found none");
        for (int i = 0; i < voices.Count; i++)
        {
            if (!tracks.PadTo(i, seconds))
            {
                throw new SpeechException(
                    SpeechFault.Text, $"expected words after {"AB"[i]}: that {voices[i].FullName} can speak, found none");
            }
        }
        return seconds;
    }

    /// <summary>Mixes the sounds of both people into one file.</summary>
    private async Task<string> MixAsync(IReadOnlyList<Voice> voices, string folder, CancellationToken cancellationToken)
    {
        string both = Path.Combine(folder, "both.wav");
        var models = voices.Select(catalogue.EngineOf).ToArray();
        string label = $"{Label(models[^1], voices[0])} and {voices[1].FullName}";
        await SoundMix.WriteAsync(PathOf(folder, 0), PathOf(folder, 1), both, label, cancellationToken).ConfigureAwait(false);
        return both;
    }

    private static string PathOf(string folder, int speaker) => Path.Combine(folder, $"voice{speaker + 1}.wav");

    private static string Label(ISpeechEngine engine, Voice voice) =>
        $"Synthetic media ({engine.SourceType}), made by {Program}, voice {voice.FullName}";

    /// <summary>Divides a turn into passages, which an engine speaks at once: a sentence, or as many whole sentences as fit.</summary>
    internal static IEnumerable<string> Passages(string text, int? longest)
    {
        var sentences = Sentences.Split(text, Math.Min(LongestSentence, longest ?? LongestSentence));
        if (longest is not { } most) return sentences;
        var passages = new List<string>();
        foreach (string sentence in sentences)
        {
            if (passages.Count > 0 && passages[^1].Length + 1 + sentence.Length <= most) passages[^1] += " " + sentence;
            else passages.Add(sentence);
        }
        return passages;
    }
}
