namespace Locutor.CommandLine;

/// <summary>Divides a text into lines between words.</summary>
public static class WrappedText
{
    /// <summary>Returns the lines of a text. A word that is longer than a line gets a line of its own.</summary>
    /// <param name="text">The text; its words are divided by spaces.</param>
    /// <param name="width">The largest number of columns.</param>
    public static IEnumerable<string> Lines(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }
            line += line.Length == 0 ? word : " " + word;
        }
        yield return line;
    }
}
