using System.Globalization;
using System.Text;

namespace Locutor.Media.Video.Finishing;

/// <summary>Builds the ffmpeg filters that finish a video.</summary>
internal static class FinishFilter
{
    /// <summary>Motion-compensated interpolation with overlapped blocks and estimation in both directions.</summary>
    private const string Interpolation = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1";

    private const int KeptFrames = 3;

    /// <summary>Font size of captions in 288ths of the height: the usual size, and the smallest size in a narrow video.</summary>
    private const double WideFont = 17, LeastFont = 11;

    /// <summary>Smallest aspect ratio at which two lines fit at the usual font size.</summary>
    private const double WideShape = 4.0 / 3;

    /// <summary>Returns the filters; empty if the pictures stay as they are.</summary>
    /// <param name="options">The changes.</param>
    /// <param name="format">Format of the new file.</param>
    /// <param name="source">Size and frame rate of the video.</param>
    /// <param name="captions">Path of the captions as WebVTT; null if no captions are drawn.</param>
    public static string Create(FinishOptions options, VideoFormat format, MediaInfo source, string? captions)
    {
        var filters = new List<string>();
        if (options.FramesPerSecond is { } rate)
        {
            // minterpolate does not output its last frames, so copies of the last frame are appended.
            if (options.Interpolate) filters.Add($"tpad=stop_mode=clone:stop={KeptFrames},minterpolate={Interpolation}:fps={rate}");
            else filters.Add($"fps={rate}");
            if (options.Interpolate && source is { Duration: { } seconds, FramesPerSecond: { } drawn })
                filters.Add(string.Create(CultureInfo.InvariantCulture, $"trim=end={Math.Round(seconds * drawn) / drawn:0.######}"));
        }
        if (options.Height is { } height)
        {
            filters.Add(string.Create(
                CultureInfo.InvariantCulture, $"scale={WidthFor(source, height)}:{height}:flags=lanczos+accurate_rnd+full_chroma_int"));
        }
        if (captions is not null)
            filters.Add($"subtitles=filename={Escape(captions)}:force_style={Escape(CaptionStyle((double)source.Width / source.Height))}");
        // Each frame has its own palette, so that memory use does not depend on the length of the video.
        if (format == VideoFormat.Gif)
            filters.Add("split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=sierra2_4a");
        return string.Join(',', filters);
    }

    private static string CaptionStyle(double shape)
    {
        double size = Math.Clamp(WideFont * shape / WideShape, LeastFont, WideFont);
        return "FontName=Sans,FontSize=" + size.ToString("0.#", CultureInfo.InvariantCulture)
            + ",Outline=1.2,Shadow=0,MarginV=16,MarginL=10,MarginR=10";
    }

    /// <summary>Returns the width for a height, rounded to an even number.</summary>
    public static int WidthFor(MediaInfo source, int height) => 2 * (int)Math.Round((double)source.Width * height / source.Height / 2);

    /// <summary>Escapes the value of an option twice: for the filter and for the graph.</summary>
    internal static string Escape(string value) => Escape(Escape(value, @"\':"), @"\'[],;");

    private static string Escape(string value, string special)
    {
        var escaped = new StringBuilder();
        foreach (char letter in value) escaped.Append(special.Contains(letter, StringComparison.Ordinal) ? "\\" : "").Append(letter);
        return escaped.ToString();
    }
}
