using System.Text;
using System.Text.RegularExpressions;

namespace Locutor.TextToSpeech;

/// <summary>A part of a script that one person speaks.</summary>
/// <param name="Speaker">0 for the first person, 1 for the second.</param>
/// <param name="Text">The words.</param>
public sealed record Turn(int Speaker, string Text);

/// <summary>
/// A text to speak: the words of one person, or a dialogue, whose lines begin with <c>A:</c> and <c>B:</c>. A line without such a beginning
/// belongs to the line before it.
/// </summary>
public sealed partial class Script
{
    /// <summary>Largest number of characters of a script: about 25 minutes of speech.</summary>
    public const int LongestText = 20_000;

    private readonly string text;

    private Script(string text) => (this.text, Turns) = (text, TurnsOf(text));

    public IReadOnlyList<Turn> Turns { get; }

    /// <summary>True if two people speak.</summary>
    public bool IsDialogue => Turns.Any(turn => turn.Speaker == 1);

    /// <summary>The words without the beginnings of lines.</summary>
    public string Words => string.Join("\n\n", Turns.Select(turn => turn.Text));

    /// <summary>Returns the reason why a text is not a valid script; null if it is. Messages have it after the name of the field.</summary>
    public static string? Fault(string text)
    {
        if (text.Length > LongestText) return $"expected text of at most {LongestText} characters, found {text.Length}";
        if (text.FirstOrDefault(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t')) is not '\0' and var control)
            return $"expected text without control characters, found U+{(int)control:X4}";
        if (text.Contains('\0', StringComparison.Ordinal)) return "expected text without control characters, found U+0000";
        if (Markup().IsMatch(text)) return "expected plain text, found SSML; give only the words";
        if (!text.EnumerateRunes().Any(Rune.IsLetterOrDigit)) return "expected words, found no letter and no digit";
        var turns = TurnsOf(text);
        if (turns.FirstOrDefault(turn => !turn.Text.EnumerateRunes().Any(Rune.IsLetterOrDigit)) is { } empty)
            return $"expected words after {"AB"[empty.Speaker]}:, found none";
        return turns.All(turn => turn.Speaker == 1) ? "expected lines of both A: and B:, found only B:" : null;
    }

    /// <summary>Parses a script.</summary>
    /// <exception cref="ArgumentException">The text cannot be a script; the message is that of <see cref="Fault"/>.</exception>
    public static Script Parse(string text) =>
        Fault(text) is { } fault ? throw new ArgumentException(fault, nameof(text)) : new Script(text);

    /// <summary>Returns the text as it was given.</summary>
    public override string ToString() => text;

    private static List<Turn> TurnsOf(string text)
    {
        string[] lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Replace('\t', ' ').Split('\n');
        if (lines.FirstOrDefault(line => !string.IsNullOrWhiteSpace(line)) is not { } first || !Beginning().IsMatch(first))
            return [new Turn(0, string.Join('\n', lines).Trim())];
        var turns = new List<(int Speaker, StringBuilder Text)>();
        foreach (string line in lines)
        {
            if (Beginning().Match(line) is not { Success: true } beginning)
            {
                if (turns.Count > 0) turns[^1].Text.Append('\n').Append(line);
                continue;
            }
            int speaker = beginning.Groups[1].Value[0] - 'A';
            if (turns.Count == 0 || turns[^1].Speaker != speaker) turns.Add((speaker, new StringBuilder()));
            turns[^1].Text.Append('\n').Append(line.AsSpan(beginning.Length));
        }
        return [.. turns.Select(turn => new Turn(turn.Speaker, turn.Text.ToString().Trim()))];
    }

    [GeneratedRegex(@"^\s*([AB])\s?[:：](?!//)")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"<\s*speak[\s>]|^\s*<\?xml", RegexOptions.IgnoreCase)]
    private static partial Regex Markup();
}
