using System.Text;
using Locutor.Media.Sound;

namespace Locutor.TextToSpeech.Engines;

/// <summary>The start of a word.</summary>
/// <param name="Index">Index of its first character in the passage.</param>
/// <param name="Seconds">Time from the start of the sound.</param>
public readonly record struct WordMark(int Index, double Seconds);

/// <summary>A spoken passage.</summary>
/// <param name="Passage">The text.</param>
/// <param name="Sound">The sound.</param>
/// <param name="Marks">The starts of its words in the order of time; empty if the engine does not report them.</param>
public sealed record Speech(string Passage, Waveform Sound, IReadOnlyList<WordMark> Marks)
{
    /// <summary>The reason why there are no marks although the engine can report them; otherwise null.</summary>
    public string? Note { get; init; }

    /// <summary>Speaks passages with an engine that does not report marks, each when the caller requests it.</summary>
    internal static async IAsyncEnumerable<Speech> WithoutMarksAsync(
        IReadOnlyList<string> passages, Func<string, Task<Waveform>> speak)
    {
        foreach (string passage in passages)
            yield return new Speech(passage, await speak(passage).ConfigureAwait(false), []);
    }

    /// <summary>Finds the start of each caption of the passage in the marks.</summary>
    /// <param name="captions">The captions, whose words are those of the passage, in order.</param>
    /// <returns>Ascending times in seconds, one for each caption; null if a caption has no mark at its start.</returns>
    internal double[]? StartsOf(IReadOnlyList<string> captions)
    {
        double[] starts = new double[captions.Count];
        int at = 0, mark = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            at = Passage.IndexOf(captions[i], at, StringComparison.Ordinal);
            if (at < 0) return null;
            // Marks of numbers and symbols may point to an earlier place of the text.
            while (mark < Marks.Count && (Marks[mark].Index < at || (i > 0 && Marks[mark].Seconds <= starts[i - 1]))) mark++;
            if (mark == Marks.Count || Passage[at..Marks[mark].Index].EnumerateRunes().Any(Rune.IsLetterOrDigit)) return null;
            starts[i] = Marks[mark].Seconds;
            at += captions[i].Length;
        }
        return starts;
    }
}
