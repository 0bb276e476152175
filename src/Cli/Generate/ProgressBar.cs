using System.Globalization;
using Locutor.Generation.Progress;

namespace Locutor.Cli.Generate;

/// <summary>Draws a progress as one line of a terminal. In a narrow terminal, the least important words are omitted.</summary>
internal static class ProgressBar
{
    private const int LongestBar = 28, ShortestBar = 8;
    private const string Done = "\u001b[36m", Open = "\u001b[90m", Plain = "\u001b[0m";

    /// <summary>Returns the line, which is at least one column shorter than the terminal.</summary>
    public static string Draw(GenerationProgress progress, TimeSpan? left, int width, bool colours)
    {
        string percent = ((int)Math.Round(100 * progress.Fraction)).ToString(CultureInfo.InvariantCulture).PadLeft(3) + " %";
        string words = Report.Words(progress.Stage);
        string clip = progress.Clip == 0 ? "" : progress.Clips > 0 ? $"clip {progress.Clip}/{progress.Clips}" : $"clip {progress.Clip}";
        string step = progress.Stage == GenerationStage.Denoising ? $"step {progress.Step + 1}/{progress.Steps}" : "";
        string time = left is { } known ? $"{Report.Clock(known)} left" : "";
        foreach (string text in new[]
        {
            Join(percent, words, clip, step, time), Join(percent, words, clip, time), Join(percent, clip, time), Join(percent, time),
        })
        {
            int room = width - 2 - text.Length;
            if (room >= ShortestBar) return $"{Bar(progress.Fraction, Math.Min(room, LongestBar), colours)} {text}";
        }

        return percent;
    }

    private static string Join(params string[] parts) => string.Join("  ", parts.Where(part => part.Length > 0));

    private static string Bar(double fraction, int length, bool colours)
    {
        int full = (int)Math.Round(fraction * length);
        return colours
            ? $"{Done}{new string('━', full)}{Open}{new string('━', length - full)}{Plain}"
            : new string('#', full) + new string('-', length - full);
    }
}
