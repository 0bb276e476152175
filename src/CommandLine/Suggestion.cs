using Locutor.Checkpoints;

namespace Locutor.CommandLine;

/// <summary>The question "did you mean" for a misspelled name.</summary>
public static class Suggestion
{
    /// <summary>Length of a common start from which two options are similar: two dashes and two letters.</summary>
    private const int LikelyStart = 4;
    private const int LikelyEdits = 2;

    /// <summary>Returns <c>; did you mean NAME?</c> with one to three similar names; empty if there is none.</summary>
    public static string For(string word, IReadOnlyCollection<string> names)
    {
        if (NearestNames.Within(LikelyEdits, word, names) is { } nearest) return $"; did you mean {nearest}?";
        string start = word[..Math.Min(word.Length, word.StartsWith('-') ? LikelyStart : 2)];
        string[] alike = [.. names.Where(name => name.StartsWith(start, StringComparison.OrdinalIgnoreCase))];
        return alike.Length > 0 ? $"; did you mean {string.Join(", ", NearestNames.To(word, alike))}?" : "";
    }
}
