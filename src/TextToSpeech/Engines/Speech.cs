using System.Text;
using Locutor.Media.Sound;

namespace Locutor.TextToSpeech.Engines;

/// <summary>Where a word begins.</summary>
/// <param name="Index">Index of its first character in the passage.</param>
/// <param name="Seconds">Time from the start of the sound.</param>
public readonly record struct WordMark(int Index, double Seconds);

/// <summary>A spoken passage.</summary>
/// <param name="Passage">The text.</param>
/// <param name="Sound">The sound.</param>
/// <param name="Marks">Where its words begin, in the order of time; empty if the engine does not tell.</param>
public sealed record Speech(string Passage, Waveform Sound, IReadOnlyList<WordMark> Marks)
{
    /// <summary>Why there are no marks, although the engine has them on other machines; null otherwise.</summary>
    public string? Note { get; init; }

    /// <summary>Speaks passages with an engine that tells no marks, each when it is asked for.</summary>
    internal static async IAsyncEnumerable<Speech> WithoutMarksAsync(
        IReadOnlyList<string> passages, Func<string, Task<Waveform>> speak)
    {
        foreach (string passage in passages)
            yield return new Speech(passage, await speak(passage).ConfigureAwait(false), []);
    }

    /// <summary>Returns when each caption of the passage begins, by the marks.</summary>
    /// <param name="captions">The captions, whose words are those of the passage, in order.</param>
    /// <returns>Times in ascending order, one for each caption; null if a caption begins where no mark is.</returns>
    internal double[]? StartsOf(IReadOnlyList<string> captions)
    {
        double[] starts = new double[captions.Count];
        int at = 0, mark = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            at = Passage.IndexOf(captions[i], at, StringComparison.Ordinal);
            if (at < 0) return null;
            // Marks of numbers and signs may come back to an earlier place of the text.
            while (mark < Marks.Count && (Marks[mark].Index < at || (i > 0 && Marks[mark].Seconds <= starts[i - 1]))) mark++;
            if (mark == Marks.Count || Passage[at..Marks[mark].Index].EnumerateRunes().Any(Rune.IsLetterOrDigit)) return null;
            starts[i] = Marks[mark].Seconds;
            at += captions[i].Length;
        }
        return starts;
    }
}
