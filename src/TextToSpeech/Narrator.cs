using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;

namespace Locutor.TextToSpeech;

/// <summary>A script as sound.</summary>
/// <param name="Paths">A WAV file for each person, all of equal length: one person is silent while the other speaks.</param>
/// <param name="SoundPath">The WAV file of everything that is said; that of the one person if there is only one.</param>
/// <param name="Seconds">Duration.</param>
/// <param name="Cues">Captions of the words.</param>
/// <param name="Voices">The voice of each person.</param>
public sealed record Narration(
    IReadOnlyList<string> Paths, string SoundPath, double Seconds, IReadOnlyList<Cue> Cues, IReadOnlyList<Voice> Voices);

/// <summary>Speaks scripts into sound files.</summary>
public sealed class Narrator(VoiceCatalogue catalogue)
{
    private const string Program = "Locutor";

    /// <summary>Columns of the longest sentence that an engine speaks at once.</summary>
    private const int LongestSentence = 600;

    // Pauses in seconds.
    private const double AtStart = 0.1, AfterPassage = 0.35, AfterTurn = 0.5, AtEnd = 0.3;

    /// <summary>Seconds of near silence that are kept around the words of a passage.</summary>
    private const double Margin = 0.03;

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
        var (seconds, cues) = await WriteTracksAsync(script, voices, folder, longest, cancellationToken).ConfigureAwait(false);
        string sound = voices.Count == 1 ? PathOf(folder, 0) : await MixAsync(voices, folder, cancellationToken).ConfigureAwait(false);
        return new Narration([.. voices.Select((_, i) => PathOf(folder, i))], sound, seconds, Ordered(cues), voices);
    }

    private async Task<(double Seconds, List<Cue> Cues)> WriteTracksAsync(
        Script script, IReadOnlyList<Voice> voices, string folder, double longest, CancellationToken cancellationToken)
    {
        var tracks = new WavWriter?[voices.Count];
        var cues = new List<Cue>();
        double now = AtStart;
        try
        {
            foreach (var turn in script.Turns)
            {
                var (voice, engine) = (voices[turn.Speaker], catalogue.EngineOf(voices[turn.Speaker]));
                foreach (string passage in Passages(turn.Text, engine.LongestPassage))
                {
                    var sound = Trim(await engine.SpeakAsync(passage, voice, cancellationToken).ConfigureAwait(false), out var activity);
                    if (activity.Spoken.Count == 0) continue;
                    var track = tracks[turn.Speaker] ??= new WavWriter(
                        PathOf(folder, turn.Speaker), sound.SampleRate, Label(engine, voice));
                    track.PadTo(now);
                    cues.AddRange(CueTiming.Place(CaptionText.Split(passage), activity, (double)track.Samples / track.SampleRate));
                    track.Append(sound.Samples);
                    if ((now = (double)track.Samples / track.SampleRate + AfterPassage) > longest)
                        throw new SpeechException(SpeechFault.TooLong, $"expected at most {longest:0.#} s of speech, found more");
                }
                now += AfterTurn - AfterPassage;
            }
            if (cues.Count == 0)
                throw new SpeechException(SpeechFault.Text, $"expected words that {voices[0].FullName} can speak, found none");
            double seconds = now - AfterTurn + AtEnd;
            for (int i = 0; i < tracks.Length; i++)
            {
                (tracks[i]
                    ?? throw new SpeechException(
                        SpeechFault.Text, $"expected words after {"AB"[i]}: that {voices[i].FullName} can speak, found none"))
                        .PadTo(seconds);
            }
            return (seconds, cues);
        }
        finally
        {
            foreach (var track in tracks) track?.Dispose();
        }
    }

    /// <summary>Writes both people's sound into one file.</summary>
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

    /// <summary>Divides a turn into what an engine speaks at once: sentences, or as many whole sentences as fit.</summary>
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

    /// <summary>Cuts the silence at both ends, so that the pauses of all engines are the same.</summary>
    private static Waveform Trim(Waveform sound, out SpeechActivity activity)
    {
        activity = SpeechActivity.Measure(sound);
        if (activity.Spoken.Count == 0) return sound;
        int first = (int)(Math.Max(0, activity.Spoken[0].Start - Margin) * sound.SampleRate);
        int last = (int)Math.Min(sound.Samples.Length, (activity.Spoken[^1].End + Margin) * sound.SampleRate);
        double cut = (double)first / sound.SampleRate;
        activity = new([.. activity.Spoken.Select(part => (part.Start - cut, part.End - cut))]);
        return new Waveform(sound.SampleRate, sound.Samples[first..last]);
    }

    /// <summary>Ends a caption when the next one starts.</summary>
    private static List<Cue> Ordered(List<Cue> cues)
    {
        for (int i = 0; i + 1 < cues.Count; i++) cues[i] = cues[i] with { End = Math.Min(cues[i].End, cues[i + 1].Start) };
        return cues;
    }
}
