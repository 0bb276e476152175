using System.Globalization;
using System.Text.Json;

namespace Locutor.Media.Probing;

/// <summary>Parses one entry of ffprobe's list of streams; a missing or invalid value becomes 0 or null.</summary>
internal static class FfprobeStream
{
    public static MediaStream Parse(JsonElement stream)
    {
        int index = (int)(Number(stream, "index") ?? 0);
        string codec = Text(stream, "codec_name") ?? "unknown";
        bool cover = stream.TryGetProperty("disposition", out var disposition) && Number(disposition, "attached_pic") == 1;
        return Text(stream, "codec_type") switch
        {
            "video" when !cover => Video(stream, index, codec),
            "audio" => new MediaStream(
                index, MediaStreamKind.Audio, codec, SampleRate: Whole(Number(stream, "sample_rate")),
                Channels: Whole(Number(stream, "channels")))
            {
                ChannelLayout = Known(stream, "channel_layout"),
            },
            _ => new MediaStream(index, MediaStreamKind.Other, codec),
        };
    }

    /// <summary>Returns a number that ffprobe wrote as a JSON number or as a text; null if there is none.</summary>
    public static double? Number(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value)) return null;
        string text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : null;
    }

    private static MediaStream Video(JsonElement stream, int index, string codec)
    {
        int width = Whole(Number(stream, "width")), height = Whole(Number(stream, "height"));
        double aspect = Ratio(Text(stream, "sample_aspect_ratio"), ':') is { } ratio and > 0.1 and < 10 ? ratio : 1;
        int displayWidth = Math.Max(1, (int)Math.Round(width * Math.Max(aspect, 1))),
            displayHeight = Math.Max(1, (int)Math.Round(height * Math.Max(1 / aspect, 1)));
        if (width == 0 || height == 0) (displayWidth, displayHeight) = (width, height);
        if (IsOnItsSide(stream)) (displayWidth, displayHeight) = (displayHeight, displayWidth);
        double? rate = Ratio(Text(stream, "avg_frame_rate"), '/') ?? Ratio(Text(stream, "r_frame_rate"), '/');
        return new MediaStream(
            index, MediaStreamKind.Video, codec, width, height, displayWidth, displayHeight, rate)
        { Colour = Colour(stream) };
    }

    private static StreamColour Colour(JsonElement stream) => new()
    {
        PixelFormat = Known(stream, "pix_fmt"),
        Matrix = Known(stream, "color_space"),
        Transfer = Known(stream, "color_transfer"),
        Primaries = Known(stream, "color_primaries"),
        FullRange = Known(stream, "color_range") == "pc",
        DolbyVisionProfile = Whole(SideData(stream, "dv_profile")),
    };

    private static bool IsOnItsSide(JsonElement stream)
    {
        double turn = SideData(stream, "rotation") ?? 0;
        return Math.Abs(Math.Round(turn / 90)) % 2 == 1;
    }

    private static double? SideData(JsonElement stream, string name) => stream.TryGetProperty("side_data_list", out var list)
        ? list.EnumerateArray().Select(data => Number(data, name)).FirstOrDefault(number => number is not null)
        : null;

    private static double? Ratio(string? text, char separator)
    {
        if (text?.Split(separator) is not [var over, var under]) return null;
        bool both = double.TryParse(over, CultureInfo.InvariantCulture, out double a) & double.TryParse(
            under, CultureInfo.InvariantCulture, out double b);
        return both && a > 0 && b > 0 ? a / b : null;
    }

    /// <summary>Returns a text; null if it is missing or one of ffprobe's words for an unknown value.</summary>
    private static string? Known(JsonElement element, string name) =>
        Text(element, name) is { } text and not ("unknown" or "unspecified" or "reserved") ? text : null;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int Whole(double? number) => number is >= 0 and <= int.MaxValue ? (int)number : 0;
}
