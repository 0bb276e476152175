namespace Locutor.Checkpoints;

/// <summary>Finds the known names that are most similar to a misspelled one, for error messages.</summary>
public static class NearestNames
{
    /// <summary>Returns up to three names of <paramref name="known"/>; the one with the fewest edits comes first.</summary>
    public static IReadOnlyList<string> To(string name, IEnumerable<string> known) => To(name, known, candidate => candidate);

    /// <summary>
    /// Returns the nearest name of <paramref name="known"/> if it is at most <paramref name="edits"/> edits away, otherwise null.
    /// </summary>
    public static string? Within(int edits, string name, IEnumerable<string> known) =>
        To(name, known) is [var nearest, ..] && Edits(name, nearest) <= edits ? nearest : null;

    /// <summary>Returns up to three known names, compared in another spelling; the one with the fewest edits comes first.</summary>
    /// <param name="name">The misspelled name.</param>
    /// <param name="known">The valid names.</param>
    /// <param name="spell">Converts a valid name to the spelling that is compared.</param>
    internal static IReadOnlyList<string> To(string name, IEnumerable<string> known, Func<string, string> spell) =>
        [.. known.Select(candidate => (candidate, Edits(name, spell(candidate))))
            .OrderBy(pair => pair.Item2).ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .Take(3).Select(pair => pair.candidate)];

    /// <summary>Levenshtein distance; upper and lower case count as equal.</summary>
    private static int Edits(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int changed = diagonal + (char.ToLowerInvariant(from[i - 1]) == char.ToLowerInvariant(to[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
