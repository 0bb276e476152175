using System.Globalization;
using System.Text;

namespace Locutor.Media.Captions;

/// <summary>Splits a text into sentences. A blank line ends a sentence; a single line break counts as a space.</summary>
public static class Sentences
{
    private const string Ends = ".!?…。！？｡";
    private const string Closers = "\"'”’»)]）」』";
    private const string ClauseEnds = ",;:–—、，；：";

    /// <summary>Abbreviations: a full stop after one of them does not end a sentence.</summary>
    private static readonly HashSet<string> Abbreviations = new(StringComparer.OrdinalIgnoreCase)
    {
        "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Sr", "Jr", "vs", "No", "Nr", "ca", "Hr", "Fr", "Mme", "Mlle", "e.g", "i.e", "z.B", "d.h",
        "Sra", "Sig",
    };

    /// <summary>Returns the sentences in order, without surrounding spaces.</summary>
    /// <param name="text">The text.</param>
    /// <param name="longest">Longest sentence in columns; a longer one is cut, if possible at a comma or a space.</param>
    public static IReadOnlyList<string> Split(string text, int longest)
    {
        var sentences = new List<string>();
        foreach (string paragraph in Paragraphs(text))
        {
            int start = 0;
            for (int i = 0; i < paragraph.Length; i++)
            {
                if (!Ends.Contains(paragraph[i], StringComparison.Ordinal) || !EndsSentence(paragraph, i, out int next)) continue;
                Add(paragraph[start..next]);
                (start, i) = (next, next - 1);
            }
            Add(paragraph[start..]);
        }
        return sentences;

        void Add(string sentence)
        {
            if (sentence.Trim() is { Length: > 0 } trimmed) sentences.AddRange(Cut(trimmed, longest));
        }
    }

    /// <summary>Cuts a text into pieces of about equal width, none wider than <paramref name="longest"/> columns.</summary>
    public static IEnumerable<string> Cut(string text, int longest)
    {
        for (string rest = text; ;)
        {
            int width = DisplayWidth.Compute(rest);
            if (width <= longest)
            {
                yield return rest;
                yield break;
            }
            int at = BestCut(rest, (double)width / Math.Ceiling((double)width / longest), longest);
            yield return rest[..at].TrimEnd();
            rest = rest[at..].TrimStart();
        }
    }

    /// <summary>
    /// Returns the index of the best place for a cut: near the ideal width, after a comma rather than at a space, after a space rather than
    /// in a word.
    /// </summary>
    private static int BestCut(string text, double ideal, int longest)
    {
        int best = 0, hard = 0, width = 0, at = 0;
        double least = double.MaxValue;
        foreach (var rune in text.EnumerateRunes())
        {
            width += DisplayWidth.Compute(rune);
            if (width > longest) break;
            at += rune.Utf16SequenceLength;
            hard = at;
            if (at >= text.Length) break;
            bool space = text[at] == ' ', wide = DisplayWidth.IsWide(rune.Value);
            if (!space && !wide) continue;
            double cost = Math.Abs(width - ideal) - (ClauseEnds.Contains(text[at - 1], StringComparison.Ordinal) ? ideal / 4 : 0);
            if (cost <= least) (best, least) = (at, cost);
        }
        return best > 0 ? best : hard;
    }

    private static IEnumerable<string> Paragraphs(string text)
    {
        var lines = new StringBuilder();
        foreach (string line in text.Split('\n').Append(""))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Append(lines.Length > 0 ? " " : "").Append(line.Trim());
                continue;
            }
            if (lines.Length > 0) yield return lines.ToString();
            lines.Clear();
        }
    }

    /// <summary>Returns whether a sentence ends at the punctuation mark at <paramref name="at"/>.</summary>
    /// <param name="paragraph">Text without line breaks.</param>
    /// <param name="at">Index of a punctuation mark that may end a sentence.</param>
    /// <param name="next">Index after the sentence with its closing quotes and brackets.</param>
    private static bool EndsSentence(string paragraph, int at, out int next)
    {
        next = at + 1;
        while (next < paragraph.Length
            && (Ends.Contains(paragraph[next], StringComparison.Ordinal) || Closers.Contains(paragraph[next], StringComparison.Ordinal)))
        {
            next++;
        }
        if (next == paragraph.Length || DisplayWidth.IsWide(paragraph[at])) return true;
        if (paragraph[next] != ' ') return false;
        if (paragraph[at] != '.') return true;
        int first = paragraph.LastIndexOf(' ', at) + 1;
        string word = paragraph[first..at].TrimStart('"', '(', '\'', '“', '„', '«');
        char following = paragraph[Math.Min(next + 1, paragraph.Length - 1)];
        bool initial = word.Length == 1 && char.IsUpper(word[0]);
        bool ordinal = word.Length is > 0 and <= 2 && word.All(char.IsDigit)
            && CultureInfo.InvariantCulture.TextInfo.ToLower(following) != following;
        return !initial && !ordinal && !char.IsLower(following) && !Abbreviations.Contains(word);
    }
}
