namespace Locutor.Training.Speech;

/// <summary>
/// Creates a <see cref="SpeechCorpus"/> with espeak-ng: many voices, speeds and pitches in ten languages, and an evaluation part with
/// voices and sentences of its own.
/// </summary>
public static class SpeechPreparation
{
    private static readonly string[] Variants =
    [
        "f1", "f2", "f3", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m8", "Andrea", "Annie", "Alex", "Andy", "Denis", "Diogo", "Gene",
        "Henrique", "Hugo", "Jacky", "Lee",
        "Marco", "Michael", "Mike", "Nguyen", "Storm", "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "caleb", "david", "ed",
        "edward", "grandma", "grandpa", "gustave", "iven", "john", "klatt", "klatt2", "klatt3", "kaukovalta", "marcelo", "max", "michel",
        "miguel", "norbert", "pablo",
        "RicishayMax", "RicishayMax2", "RicishayMax3", "UniRobot", "announcer", "croak", "edward2", "f2", "Gene2", "iven2", "iven3",
        "iven4",
        "klatt4", "klatt5", "klatt6", "pedro", "rob", "robert", "sandro", "shelby", "victor", "zac",
    ];

    private static readonly string[] HeldOutVariants =
    [
        "f4", "m7", "Alicia", "Mario", "linda", "boris", "paul", "steph", "travis", "quincy"
    ];

    /// <summary>The number of flite's first speaker. Invented voices start at 1000.</summary>
    private const int FirstOfFlite = 900;

    /// <summary>The number of speakers, of five pitches and five speeds, that are made of each voice of flite.</summary>
    private const int SpeakersOfFlite = 25;

    /// <summary>Creates the corpus.</summary>
    /// <param name="minutes">The minutes of training speech. One tenth more is created for the evaluation.</param>
    /// <param name="invented">The number of <see cref="InventedVoices"/>, which are used in addition to the voices of espeak-ng.</param>
    /// <param name="flite">
    /// The share of sentences that <see cref="Flite"/> speaks, 0 to 1. Its last voice speaks only in the evaluation.
    /// </param>
    public static IReadOnlyList<Utterance> Make(
        double minutes, int seed, int invented = 0, double flite = 0, IProgress<string>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using var espeak = new Espeak();
        var random = new Random(seed);
        using var more = invented > 0 ? new InventedVoices(invented, random) : null;
        // Files with other seeds have other invented voices, and so other numbers.
        (string, int)[] voices = [.. Numbered(Variants, 0), .. Numbered(more?.Names ?? [], 1000 * (1 + Math.Abs(seed % 1_000_000)))];
        return [
            .. Part(espeak, minutes, false, voices, flite, random, progress, cancellationToken),
            .. Part(espeak, 0.1 * minutes, true, HeldOutVoices, flite, new Random(~seed), progress, cancellationToken)
        ];
    }

    /// <summary>Creates only the evaluation part, with its own sentences and voices.</summary>
    public static IReadOnlyList<Utterance> MakeEvaluation(double minutes, int seed, CancellationToken cancellationToken = default)
    {
        using var espeak = new Espeak();
        return Part(espeak, minutes, true, HeldOutVoices, 0, new Random(~seed), null, cancellationToken);
    }

    private static List<Utterance> Part(
        Espeak espeak, double minutes, bool evaluation, (string Variant, int Number)[] voices, double flite,
        Random random, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var made = new List<Utterance>();
        double seconds = 0;
        string[] languages = [.. SentenceGrammar.Languages(evaluation)];
        while (seconds < 60 * minutes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (spoken, number) = flite > 0 && random.NextDouble() < flite
                ? SpeakWithFlite(evaluation, random)
                : Speak(espeak, languages, voices, evaluation, random);
            if (From(spoken, number, evaluation) is not { } utterance) continue;
            made.Add(utterance);
            seconds += utterance.Seconds;
            if (made.Count % 100 == 0)
                progress?.Report($"{made.Count} utterances, {seconds / 60:F1} min of {(evaluation ? "evaluation" : "training")} speech");
        }
        return made;
    }

    private static (SpokenUtterance Spoken, int Number) Speak(
        Espeak espeak, string[] languages, (string Variant, int Number)[] voices, bool evaluation, Random random)
    {
        string language = random.Next(10) < 4 ? "en" : languages[random.Next(languages.Length)];
        var (variant, number) = voices[random.Next(voices.Length)];
        var voice = new SpeakingVoice(
            $"{Voice(random, language)}+{variant}", random.Next(115, 215), random.Next(15, 85), random.Next(20, 80));
        return (espeak.Speak(SentenceGrammar.Next(random, language, evaluation), voice), number);
    }

    private static (SpokenUtterance Spoken, int Number) SpeakWithFlite(bool evaluation, Random random)
    {
        int last = Flite.Voices.Count - 1, voice = evaluation ? last : random.Next(last), speaker = random.Next(SpeakersOfFlite);
        // Pitch and speed belong to a speaker.
        double pitch = (Flite.Voices[voice] == "slt" ? 180 : 110) * (0.75 + 0.15 * (speaker % 5)), stretch = 0.75 + 0.15 * (speaker / 5);
        var spoken = Flite.Speak(SentenceGrammar.Next(random, "en", evaluation), Flite.Voices[voice], pitch, stretch);
        return (spoken, FirstOfFlite + voice * SpeakersOfFlite + speaker);
    }

    private static (string Variant, int Number)[] HeldOutVoices => Numbered(HeldOutVariants, Variants.Length);

    private static (string Variant, int Number)[] Numbered(IEnumerable<string> variants, int first) =>
        [.. variants.Select((variant, i) => (variant, first + i))];

    private static string Voice(Random random, string language) => language switch
    {
        "en" => random.Next(4) switch { 0 => "en-US", 1 => "en", 2 => "en-GB-scotland", _ => "en-GB-x-rp" },
        "es" => random.Next(2) == 0 ? "es" : "es-419",
        "pt" => random.Next(2) == 0 ? "pt" : "pt-BR",
        _ => language,
    };

    private static Utterance? From(SpokenUtterance spoken, int voice, bool evaluation)
    {
        float[] samples = BandLimitedResampler.Resample(spoken.Samples, spoken.SampleRate, SpeechCorpus.SampleRate);
        double power = samples.Sum(s => (double)s * s) / Math.Max(1, samples.Length);
        if (samples.Length < SpeechCorpus.SampleRate / 2 || samples.Length > 12 * SpeechCorpus.SampleRate || power < 1e-6) return null;
        float peak = samples.Max(Math.Abs), gain = (float)Math.Min(0.1 / Math.Sqrt(power), 0.98 / peak);
        for (int i = 0; i < samples.Length; i++) samples[i] *= gain;
        SpokenPhoneme[] phonemes =
        [
            .. spoken.Phonemes.Select(p => p with { Start = (int)((long)p.Start * SpeechCorpus.SampleRate / spoken.SampleRate) })
        ];
        return new Utterance(samples, MouthTrack.From(phonemes, samples), phonemes, voice, evaluation);
    }
}
