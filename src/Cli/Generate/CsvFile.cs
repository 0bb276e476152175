using System.Text;

namespace Locutor.Cli.Generate;

/// <summary>Reads comma-separated values (RFC 4180): fields may be in double quotes, and a quote within them is doubled.</summary>
internal static class CsvFile
{
    /// <summary>Returns the rows of a text with the line number of each; empty lines are skipped.</summary>
    /// <exception cref="FormatException">A quoted field has no end.</exception>
    public static IEnumerable<(int Line, IReadOnlyList<string> Fields)> Rows(string text)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        int line = 1, start = 1;
        bool quoted = false;
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : '\n';
            if (quoted)
            {
                if (i == text.Length) throw new FormatException($"line {start}: a quoted field has no end");
                if (c == '"' && i + 1 < text.Length && text[i + 1] == '"') i++;
                else if (c == '"') quoted = false;
                if (quoted || c != '"') field.Append(c);
                if (c == '\n') line++;
                continue;
            }

            if (c == '"' && field.Length == 0)
            {
                quoted = true;
            }
            else if (c is ',' or '\n')
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
                if (c == ',') continue;
                if (fields.Any(one => one.Length > 0)) yield return (start, [.. fields]);
                fields.Clear();
                start = ++line;
            }
            else if (c != '\r')
            {
                field.Append(c);
            }
        }
    }
}
