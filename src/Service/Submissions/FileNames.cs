using System.Globalization;
using Locutor.Jobs.Records;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.Submissions;

/// <summary>The names of files for people: the names of inputs, and the name of a video, which consists of them.</summary>
internal static class FileNames
{
    private const int LongestName = 80;
    private const int LongestStem = 40;

    /// <summary>Returns the file name in a part of a form.</summary>
    public static string? From(ContentDispositionHeaderValue disposition) =>
        HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value;

    /// <summary>Returns a sender's name without folders and characters that file systems refuse; null if the result is empty.</summary>
    public static string? Clean(string? name)
    {
        if (name is null)
            return null;
        string last = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        string clean = string.Concat(last.Where(letter => !IsRefused(letter))).Trim(' ', '.');
        if (clean.Length > LongestName)
        {
            string extension = Path.GetExtension(clean) is { Length: <= 8 } short_ ? short_ : "";
            clean = Cut(clean, LongestName - extension.Length) + extension;
        }
        return clean.Length == 0 ? null : clean;
    }

    /// <summary>Returns the name of an input: the sender's name for it, or the last part of its URL; null when there is none.</summary>
    public static string? Input(JobInput input) => input.Name ?? (
        Uri.TryCreate(input.Url, UriKind.Absolute, out var url) ? Clean(Uri.UnescapeDataString(url.AbsolutePath)) : null);

    /// <summary>Returns the name of a file of a job: the names of its picture and its voice, otherwise its id.</summary>
    /// <param name="job">The job.</param>
    /// <param name="extension">The extension without a dot.</param>
    public static string Output(JobRecord job, string extension)
    {
        bool isSpoken = job.Request.Inputs.Any(input => input.Field == "text");
        string[] stems = [.. job.Request.Inputs
            .Where(input => input.Field is "image" or "video" || (input.Field is "audio" or "audio2" && !isSpoken))
            .Select(Input).OfType<string>().Select(name => Cut(Path.GetFileNameWithoutExtension(name), LongestStem))
            .Where(stem => stem.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase)];
        return $"{(stems.Length > 0 ? string.Join('-', stems) : job.Id)}.{extension}";
    }

    /// <summary>Names the file of an answer.</summary>
    public static void Describe(HttpContext context, string name)
    {
        var header = new ContentDispositionHeaderValue(context.Request.Query.ContainsKey("download") ? "attachment" : "inline");
        header.SetHttpFileName(name);
        context.Response.Headers.ContentDisposition = header.ToString();
    }

    private static bool IsRefused(char letter) => char.IsControl(letter) || "<>:\"|?*%".Contains(letter, StringComparison.Ordinal)
        || char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.Surrogate;

    private static string Cut(string text, int most) => text.Length <= most ? text : text[..most].TrimEnd();
}
