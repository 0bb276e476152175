using System.Text;

namespace Locutor.Training.Speech;

/// <summary>
/// Voices of random vocal tracts, written as variants of espeak-ng (its manual, "Voice files"): frequencies, strengths and widths of the
/// formants, pitch, tremor, roughness, breath and the balance of treble and bass. The installed variants are a few dozen, too few for
/// a speech encoder to learn what voices have in common.
/// </summary>
public sealed class InventedVoices : IDisposable
{
    /// <summary>The largest number of invented voices: espeak-ng knows at most 349 voices, of which 232 are installed.</summary>
    public const int Most = 100;

    /// <summary>Formants 0 to 8, as espeak-ng counts them.</summary>
    private const int Formants = 9;

    /// <summary>Voices of another synthesiser, left out to make room.</summary>
    private static readonly string Mbrola = Path.Combine("voices", "mb");

    private readonly string installed = Espeak.DataFolder;
    private readonly string folder;

    /// <summary>Writes the voices into a folder with links to the data of espeak-ng, which espeak-ng uses until this is disposed.</summary>
    /// <param name="count">The number of voices, at most <see cref="Most"/>.</param>
    public InventedVoices(int count, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Most);
        folder = Directory.CreateTempSubdirectory("locutor-voices-").FullName;
        string variants = Path.Combine("voices", "!v");
        string[] real = ["", "voices", variants];
        foreach (string level in real)
        {
            Directory.CreateDirectory(Path.Combine(folder, level));
            foreach (string entry in Directory.EnumerateFileSystemEntries(Path.Combine(installed, level)))
            {
                string relative = Path.Combine(level, Path.GetFileName(entry));
                if (!real.Contains(relative) && relative != Mbrola) File.CreateSymbolicLink(Path.Combine(folder, relative), entry);
            }
        }
        Names = [.. Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"invented{i}"))];
        foreach (string name in Names) File.WriteAllText(Path.Combine(folder, variants, name), Variant(name, random));
        Espeak.UseData(folder);
    }

    /// <summary>The names of the variants.</summary>
    public IReadOnlyList<string> Names { get; }

    public void Dispose()
    {
        Espeak.UseData(installed);
        Directory.Delete(folder, true);
    }

    private static string Variant(string name, Random random)
    {
        var text = new StringBuilder();
        // A short vocal tract (a child or a woman) has higher formants and mostly a higher pitch.
        double tract = Between(random, 0.88, 1.3), pitch = 95 * Math.Pow(tract, 2) * Between(random, 0.75, 1.35);
        double treble = Between(random, 0.5, 1.2);
        Line(text, $"language variant");
        Line(text, $"name {name}");
        Line(text, $"pitch {pitch:F0} {pitch * Between(random, 1.2, 1.8):F0}");
        for (int i = 0; i < Formants; i++)
        {
            double frequency = 100 * tract * Between(random, 0.92, 1.08), strength = Between(random, 70, 125) * (i > 3 ? treble : 1);
            Line(text, $"formant {i} {frequency:F0} {strength:F0} {Between(random, 60, 170):F0}");
        }
        if (random.Next(2) == 0) Line(text, $"voicing {Between(random, 60, 200):F0}");
        if (random.Next(2) == 0) Line(text, $"consonants {Between(random, 60, 130):F0} {Between(random, 40, 130):F0}");
        if (random.Next(2) == 0) Line(text, $"flutter {random.Next(7)}");
        if (random.Next(2) == 0) Line(text, $"roughness {random.Next(5)}");
        if (random.Next(2) == 0)
        {
            double middle = Between(random, 500, 1000), high = Between(random, 1300, 2500);
            Line(text, $"tone 100 255 {middle:F0} {random.Next(60, 256)} {high:F0} {random.Next(30, 200)} 4500 {random.Next(10, 120)}");
        }
        if (random.Next(4) == 0) Line(text, $"breath {string.Join(' ', Enumerable.Range(0, 8).Select(_ => random.Next(5)))}");
        if (random.Next(6) == 0) Line(text, $"echo {random.Next(20, 150)} {random.Next(5, 40)}");
        if (random.Next(8) == 0) Line(text, $"klatt {random.Next(1, 6)}");
        return text.ToString();
    }

    private static double Between(Random random, double least, double most) => least + random.NextDouble() * (most - least);

    private static void Line(StringBuilder text, FormattableString line) => text.Append(FormattableString.Invariant(line)).Append('\n');
}
