using System.Globalization;
using System.Text;

namespace Locutor.Service.Live;

/// <summary>
/// Writes the HLS playlist (RFC 8216) of a job: it only grows while the job runs, and is complete when the job has ended.
/// </summary>
public static class LivePlaylist
{
    public const string ContentType = "application/vnd.apple.mpegurl";

    /// <summary>Writes the playlist. Its addresses are relative to its own address: <c>live/NAME</c>.</summary>
    /// <param name="index">The published segments.</param>
    /// <param name="ended">Whether no segment will follow.</param>
    public static string Write(LiveIndex index, bool ended)
    {
        var text = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-TARGETDURATION:{index.TargetSeconds}\n");
        text.Append("#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-START:TIME-OFFSET=0\n"); // also at the end: lines are only appended (6.2.1)
        string? header = null;
        foreach (var segment in index.Segments)
        {
            if (header is not null && segment.Header != header)
                text.Append("#EXT-X-DISCONTINUITY\n");
            if (segment.Header != header)
                text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"live/{segment.Header}\"\n");
            header = segment.Header;
            double seconds = segment.Frames / (double)index.Video.FramesPerSecond;
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{seconds:0.000},\nlive/{segment.Name}\n");
        }
        return text.Append(ended ? "#EXT-X-ENDLIST\n" : "").ToString();
    }
}
