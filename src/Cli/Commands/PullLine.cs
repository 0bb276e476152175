using System.Globalization;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>
/// Shows the progress of a download: on a terminal in one line that is redrawn, otherwise as a new line every few seconds.
/// </summary>
internal sealed class PullLine(TextWriter output, bool plain, string noun = "file") : IProgress<PullProgress>, IDisposable
{
    private static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private long last;
    private int width;

    public void Report(PullProgress value)
    {
        lock (gate)
        {
            if (plain && last != 0 && TimeProvider.System.GetElapsedTime(last) < PlainEvery && value.FilesDone < value.Files) return;
            last = TimeProvider.System.GetTimestamp();
            var (unit, name) = value.TotalBytes < 1e9 ? (1e6, "MB") : (1e9, "GB");
            string text = string.Create(
                CultureInfo.InvariantCulture,
                $"{value.Bytes / unit:F2} of {value.TotalBytes / unit:F2} {name}, {value.BytesPerSecond / 1e6:F1} MB/s{Left(value)}, " +
                $"{noun} {Math.Min(value.FilesDone + 1, value.Files)} of {value.Files}: {value.File}");
            if (plain)
            {
                output.WriteLine(text);
                return;
            }
            if (text.Length >= Terminal.Width) text = text[..(Terminal.Width - 1)]; // a line that wraps cannot be redrawn
            output.Write("\r" + text.PadRight(width));
            width = text.Length;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (!plain && width > 0) output.WriteLine();
            width = 0;
        }
    }

    private static string Left(PullProgress value) =>
        value.Left is { } left && left < TimeSpan.FromDays(10) ? $", {(int)left.TotalHours}:{left.Minutes:00}:{left.Seconds:00} left" : "";
}
