using System.Text;

namespace Locutor.Media;

/// <summary>
/// Makes untrusted text (file names, tool output) safe for a single-line message: line breaks and terminal escapes are removed.
/// </summary>
internal static class OneLine
{
    private const int Longest = 600;

    public static string From(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, Longest));
        foreach (char c in text)
        {
            if (line.Length == Longest) return line.Append('…').ToString();
            if (!char.IsControl(c)) line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        return line.ToString().Trim();
    }
}
