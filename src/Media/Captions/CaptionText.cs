namespace Locutor.Media.Captions;

/// <summary>Divides a text into captions of at most two lines of 42 columns, the usual measure of subtitles.</summary>
public static class CaptionText
{
    private const int LineWidth = 42;

    /// <summary>Largest width of a caption in columns.</summary>
    public const int Longest = 2 * LineWidth;

    /// <summary>Returns the texts of the captions, in order. No caption has words of two sentences.</summary>
    public static IReadOnlyList<string> Split(string text) => [.. Sentences.Split(text, Longest).SelectMany(Fit)];

    /// <summary>Breaks a caption of <see cref="Split"/> into one or two lines of about equal width.</summary>
    public static string Lines(string caption) => string.Join('\n', Sentences.Cut(caption, LineWidth));

    /// <summary>Halves a caption whose words leave no place for the break of two lines.</summary>
    private static IEnumerable<string> Fit(string caption) =>
        Sentences.Cut(caption, LineWidth).Count() <= 2
            ? [caption]
            : Sentences.Cut(caption, DisplayWidth.Compute(caption) - 1).SelectMany(Fit);
}
