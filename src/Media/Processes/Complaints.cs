using System.Text;
using System.Text.RegularExpressions;

namespace Locutor.Media.Processes;

/// <summary>Collects the end of a tool's stderr. Its length is limited, because a hostile file can make ffmpeg write without end.</summary>
internal sealed partial class Complaints
{
    private const int Kept = 8192;
    private readonly StringBuilder tail = new();
    private readonly Lock gate = new();

    public async Task ReadAsync(StreamReader reader)
    {
        char[] buffer = new char[1024];
        try
        {
            while (await reader.ReadAsync(buffer).ConfigureAwait(false) is var read and > 0)
            {
                lock (gate)
                {
                    tail.Append(buffer, 0, read);
                    if (tail.Length > 2 * Kept) tail.Remove(0, tail.Length - Kept);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process was killed; the text read so far is used.
        }
    }

    /// <summary>The reason that is given if the tool wrote nothing.</summary>
    public const string None = "no reason given";

    /// <summary>The text that is kept.</summary>
    public string Text
    {
        get
        {
            lock (gate) return tail.ToString();
        }
    }

    public string LastLine(string path)
    {
        string[] lines =
        [
            .. Text.Split('\n').Select(l => Prefix().Replace(l, "").Replace($"file:{path}: ", "", StringComparison.Ordinal).Trim())
                .Where(l => l.Length > 0)
        ];
        if (lines.Length == 0) return None;
        if (lines.FirstOrDefault(line => line.StartsWith("No such filter: ", StringComparison.Ordinal)) is { } missing)
            return $"{missing}, which this build of ffmpeg lacks ('locutor doctor' shows all that is missing)";
        string last = lines[^1];
        return General().IsMatch(last) && lines.Length > 1 ? $"{lines[^2]} ({last})" : last;
    }

    /// <summary>True if the collected text contains any of these words.</summary>
    public bool Mention(params ReadOnlySpan<string> words)
    {
        string text = Text;
        foreach (string word in words)
        {
            if (text.Contains(word, StringComparison.Ordinal)) return true;
        }
        return false;
    }

    [GeneratedRegex(@"^\[[^\]]* @ 0x[0-9a-f]+\] ")]
    private static partial Regex Prefix();

    [GeneratedRegex("^(Conversion failed!|Invalid data found when processing input|End of file|.*: Invalid argument)$")]
    private static partial Regex General();
}
