using System.Globalization;
using Locutor.Media.Processes;

namespace Locutor.Media.Video;

/// <summary>Builds the ffmpeg arguments that encode frames and audio from a Matroska stream on its standard input.</summary>
internal static class EncoderArguments
{
    private const int OpusRate = 48000;

    /// <summary>Duration of a fragment if a short delay is required; otherwise, it is the two seconds between key frames.</summary>
    private const string FragmentMicroseconds = "200000";

    public static string[] For(VideoWriterOptions options, VideoFormat format, OutputFile output, SoundSource? sound, H264Encoder h264)
    {
        bool piped = options.Fragmented || options.CutFrames.Count > 0 || output.Streams;
        string[] label = options.Label is { } made ? format.HasBoxes ? ["-metadata", $"comment={made.Comment}"] : made.ToMetadata() : [];
        return
        [
            // Without -xerror, ffmpeg 5.1 reports success when the disk becomes full at the end of a file.
            "-hide_banner", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe", "-probesize", "32", "-analyzeduration", "0", "-f",
            "matroska", "-i", "pipe:0",
            "-map", "0:v:0", "-vf", Filter(options, format), "-r", $"{options.FramesPerSecond}", .. Pictures(options, format, h264),
            .. Cuts(options), .. Sound(format, sound),
            "-map_metadata", "-1", .. label, .. Shape(format, piped, options.LowDelay), "-f", format.Muxer,
            .. piped ? ["pipe:1"] : (string[])["-y", "file:" + output.Path],
        ];
    }

    private static string Filter(VideoWriterOptions options, VideoFormat format, int firstFrame = 0)
    {
        string times = $"settb=1/{options.FramesPerSecond},setpts=N+{firstFrame}";
        // Each frame has its own palette, so that memory use does not depend on the length of the video.
        if (format == VideoFormat.Gif)
            return $"{times},split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=sierra2_4a";
        return $"{times},scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp,format=yuv420p";
    }

    /// <summary>Returns the arguments that choose an encoder of pictures and its quality.</summary>
    public static string[] Pictures(VideoWriterOptions options, VideoFormat format, H264Encoder h264)
    {
        if (format == VideoFormat.Gif) return ["-c:v", "gif", "-loop", "0"];
        double pixels = (double)options.Width * options.Height * options.FramesPerSecond;
        // VP9 reaches about the quality of x264 at a quality factor that is 8 higher.
        string[] encoder = format == VideoFormat.WebM
            ? [
                "-c:v", "libvpx-vp9", "-crf", $"{Math.Min(63, options.Quality + 8)}", "-b:v", "0", "-deadline", "good", "-cpu-used", "4",
                "-row-mt", "1", .. options.LowDelay ? (string[])["-lag-in-frames", "0"] : []
            ]
            : h264.Arguments(options.Quality, pixels, options.LowDelay);
        return [
            .. encoder, "-g", $"{2 * options.FramesPerSecond}", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
            "-color_range", "tv"
        ];
    }

    /// <summary>
    /// Returns the arguments that make a file of pieces that can be segments: see <see cref="ForSegment"/>. Where they begin depends on
    /// the number of the frame alone.
    /// </summary>
    private static string[] Cuts(VideoWriterOptions options) => options.CutFrames.Count == 0 ? [] :
    [
        "-bf", "0", "-sc_threshold", "0", "-force_key_frames",
        string.Join(',', options.CutFrames.Select(frame => Seconds((double)frame / options.FramesPerSecond))),
    ];

    private static string Seconds(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    private static string[] Sound(VideoFormat format, SoundSource? sound)
    {
        if (sound is null) return ["-an"];
        bool opus = format == VideoFormat.WebM;
        int rate = opus ? OpusRate : Soundtrack.AacRate(sound.SampleRate);
        return ["-map", "0:a:0", .. Encoding(opus ? "libopus" : "aac", rate, sound.Channels)];
    }

    /// <summary>Returns the arguments that encode audio.</summary>
    public static string[] Encoding(string encoder, int rate, int channels) =>
        ["-af", $"asetpts=N/SR/TB,aresample={rate}:resampler=soxr:precision=20", "-c:a", encoder, "-b:a", channels == 2 ? "192k" : "128k"];

    /// <summary>Returns the arguments that encode audio alone as AAC.</summary>
    public static string[] Aac(int rate, int channels) => Encoding("aac", rate, channels);

    /// <summary>
    /// Returns the arguments that encode the frames of one segment as a fragmented mp4 with the times of the whole video. There are no B
    /// frames: their reordering would need an edit list, which players of segments ignore.
    /// </summary>
    public static string[] ForSegment(VideoWriterOptions options, int firstFrame, string[] sound, H264Encoder h264) =>
    [
        "-hide_banner", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe", "-copyts",
        "-probesize", "32", "-analyzeduration", "0", "-f", "matroska", "-i", "pipe:0", .. sound,
        "-map", "0:v:0", "-vf", Filter(options, VideoFormat.Mp4, firstFrame), "-r", $"{options.FramesPerSecond}",
        .. Pictures(options, VideoFormat.Mp4, h264), "-bf", "0", .. SegmentEnd(sound),
    ];

    /// <summary>
    /// Returns the arguments that make a segment of encoded frames on standard input, an mp4 whose first frame has any time.
    /// </summary>
    /// <param name="options">The options of the video.</param>
    /// <param name="delay">Number of frames to add to the times of the input.</param>
    /// <param name="sound">The arguments of the audio as an input; empty for none.</param>
    public static string[] ForCopy(VideoWriterOptions options, int delay, string[] sound) =>
    [
        "-hide_banner", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe", "-copyts",
        "-itsoffset", Seconds((double)delay / options.FramesPerSecond), "-f", "mov", "-i", "pipe:0", .. sound,
        "-map", "0:v:0", "-c:v", "copy", .. SegmentEnd(sound),
    ];

    private static string[] SegmentEnd(string[] sound) =>
    [
        .. sound.Length == 0 ? ["-an"] : (string[])["-map", "1:a:0", "-c:a", "copy"],
        "-map_metadata", "-1", "-fflags", "+bitexact", "-avoid_negative_ts", "disabled", "-use_editlist", "0",
        "-frag_duration", $"{int.MaxValue}", "-movflags", "+empty_moov+default_base_moof+skip_trailer+frag_discont", "-f", "mp4", "pipe:1",
    ];

    private static string[] Shape(VideoFormat format, bool piped, bool lowDelay)
    {
        const string Fragmented = "+frag_keyframe+empty_moov+default_base_moof+delay_moov+skip_trailer";
        if (!piped) return format.HasBoxes ? ["-movflags", "+faststart"] : [];
        string[] fragments = lowDelay && format.HasBoxes ? ["-frag_duration", FragmentMicroseconds] : [];
        return [.. format.HasBoxes ? (string[])["-movflags", Fragmented] : [], .. fragments, "-flush_packets", "1"];
    }
}
