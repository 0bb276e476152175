using System.Globalization;
using Locutor.Media.Sound;

namespace Locutor.Training.Speech;

/// <summary>
/// The speech synthesiser flite (Debian package flite) with voices that were made from recordings of people, for English. It tells the end
/// of each phoneme.
/// </summary>
public static class Flite
{
    /// <summary>The voices: American woman, Scottish man, American man (from diphones), American man.</summary>
    public static IReadOnlyList<string> Voices { get; } = ["slt", "awb", "kal16", "rms"];

    /// <summary>The phonemes of flite's US English, each with its name in the International Phonetic Alphabet.</summary>
    private const string Table =
        "aa ɑ ae æ ah ʌ ao ɔ aw aʊ ax ə axr ɚ ay aɪ b b ch tʃ d d dh ð dx ɾ eh ɛ el əl em m en n er ɝ ey eɪ f f " +
        "g ɡ hh h hv ɦ ih ɪ iy i jh dʒ k k l l m m n n nx n ng ŋ ow oʊ oy ɔɪ p p r ɹ s s sh ʃ t t th θ uh ʊ uw u " +
        "v v w w y j z z zh ʒ";

    private const string Pause = "pau";

    private static readonly Dictionary<string, string> Ipa = Table.Split(' ').Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Synthesises one text.</summary>
    /// <param name="voice">One of <see cref="Voices"/>.</param>
    /// <param name="pitch">The mean pitch in hertz.</param>
    /// <param name="stretch">The factor of all durations.</param>
    /// <exception cref="InvalidOperationException">flite is not installed or failed.</exception>
    public static SpokenUtterance Speak(string text, string voice, double pitch, double stretch)
    {
        string file = Path.GetTempFileName();
        try
        {
            string[] arguments =
            [
                "-voice", voice, "-psdur", "-t", text, "-o", file,
                "--setf", FormattableString.Invariant($"int_f0_target_mean={pitch:F0}"),
                "--setf", FormattableString.Invariant($"duration_stretch={stretch:F2}"),
            ];
            string said = InstalledProgram.Run("flite", "flite", arguments);
            var sound = WavReader.Read(File.ReadAllBytes(file));
            return new SpokenUtterance(sound.Samples, sound.SampleRate, Phonemes(said, sound.SampleRate));
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Reads names with the ends of their phonemes in seconds, such as <c>pau:0.164 hh:0.255</c>.</summary>
    public static IReadOnlyList<SpokenPhoneme> Phonemes(string said, int rate)
    {
        var phonemes = new List<SpokenPhoneme>();
        double start = 0;
        foreach (string part in said.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split(':');
            string? name = pair[0] == Pause ? "" : Ipa.GetValueOrDefault(pair[0]);
            if (pair.Length != 2 || name is null
                || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double end))
            {
                throw new InvalidOperationException($"flite: expected a phoneme and its end, found {part}");
            }
            phonemes.Add(new SpokenPhoneme(name, (int)(start * rate)));
            start = end;
        }
        return phonemes;
    }
}
