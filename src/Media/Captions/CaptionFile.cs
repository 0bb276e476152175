using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Locutor.Media.Captions;

/// <summary>Captions as WebVTT and as SubRip.</summary>
public static partial class CaptionFile
{
    /// <summary>Writes WebVTT. Characters that WebVTT would read as markup are escaped.</summary>
    public static string ToWebVtt(IEnumerable<Cue> cues)
    {
        var file = new StringBuilder("WEBVTT\n");
        foreach (var cue in cues)
        {
            file.Append('\n').Append(Time(cue.Start, '.')).Append(" --> ").Append(Time(cue.End, '.')).Append('\n')
                .Append(Escape(CaptionText.Lines(cue.Text))).Append('\n');
        }
        return file.ToString();
    }

    /// <summary>Writes SubRip (.srt), which has no escapes.</summary>
    public static string ToSubRip(IEnumerable<Cue> cues)
    {
        var file = new StringBuilder();
        int number = 0;
        foreach (var cue in cues)
        {
            file.Append(
                CultureInfo.InvariantCulture,
                $"{++number}\n{Time(cue.Start, ',')} --> {Time(cue.End, ',')}\n{CaptionText.Lines(cue.Text)}\n\n");
        }
        return file.ToString();
    }

    /// <summary>Reads WebVTT as <see cref="ToWebVtt"/> writes it.</summary>
    /// <exception cref="MediaException">The text is not WebVTT.</exception>
    public static IReadOnlyList<Cue> FromWebVtt(string text)
    {
        if (!text.StartsWith("WEBVTT", StringComparison.Ordinal))
            throw new MediaException(MediaErrorCodes.UnsupportedMedia, "expected captions that begin with WEBVTT");
        return [.. Block().Matches(text).Select(match => new Cue(Seconds(match, 1), Seconds(match, 4), TextOf(match.Groups[7].Value)))];
    }

    private static string Time(double seconds, char point)
    {
        long milliseconds = (long)Math.Round(Math.Max(0, seconds) * 1000);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{milliseconds / 3_600_000:00}:{milliseconds / 60_000 % 60:00}:{milliseconds / 1000 % 60:00}{point}{milliseconds % 1000:000}");
    }

    private static double Seconds(Match match, int group) =>
        int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) * 3600
        + int.Parse(match.Groups[group + 1].Value, CultureInfo.InvariantCulture) * 60
        + double.Parse(match.Groups[group + 2].Value, CultureInfo.InvariantCulture);

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);

    private static string TextOf(string lines) => Unescape(lines.TrimEnd('\n').Replace('\n', ' '));

    private static string Unescape(string text) =>
        text.Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal);

    [GeneratedRegex(@"^(\d{2,4}):(\d\d):(\d\d\.\d{3}) --> (\d{2,4}):(\d\d):(\d\d\.\d{3})\n((?:.+\n?)+)", RegexOptions.Multiline)]
    private static partial Regex Block();
}
