using System.Globalization;
using Locutor.Files;
using Locutor.Media.Captions;
using Locutor.Media.Files;
using Locutor.Media.Probing;
using Locutor.Media.Processes;

namespace Locutor.Media.Video.Finishing;

/// <summary>
/// Converts a finished mp4 of this program to another format, frame rate or size, or adds captions. Tracks that do not change are copied.
/// The new file has a temporary name until it is complete.
/// </summary>
public static class VideoFinisher
{
    private const int OpusRate = 48_000;
    private const int Quality = 18;

    /// <summary>Returns why a format cannot have captions in a track of their own; null if it can.</summary>
    public static string? CaptionsRefusal(VideoFormat format) =>
        format == VideoFormat.Gif ? "a GIF has no track for captions; they can be burnt in" : null;

    /// <summary>Finishes a video.</summary>
    /// <param name="source">Path of an mp4.</param>
    /// <param name="target">Path of the new file; <c>-</c> is standard output.</param>
    /// <param name="options">The changes.</param>
    /// <param name="limits">The time limits.</param>
    /// <param name="cancellationToken">Cancels and kills ffmpeg.</param>
    /// <returns>Size of the new video.</returns>
    /// <exception cref="MediaException">The new file cannot be written, or ffmpeg failed.</exception>
    public static async Task<(int Height, int Width)> FinishAsync(
        string source, string target, FinishOptions options, MediaLimits limits, CancellationToken cancellationToken)
    {
        var format = options.Format ?? OutputFile.Format(target);
        if (options.Captions == CaptionPlacement.Embedded && CaptionsRefusal(format) is { } refusal)
            throw new MediaException(MediaErrorCodes.OutputFailed, $"{target}: {refusal}");
        var info = await MediaProbe.ProbeAsync(source, limits, cancellationToken).ConfigureAwait(false);
        var label = SyntheticMediaLabel.Read(source);
        var h264 = await H264Encoder.FindAsync(FfmpegTools.Find(), cancellationToken).ConfigureAwait(false);
        using var folder = TemporaryFolder.Create();
        using var output = OutputFile.Open(target);
        string captions = Path.Combine(folder.Path, "captions.vtt");
        string whole = output.Streams ? Path.Combine(folder.Path, "video") : output.Path;
        // A track of captions would make the file longer than its pictures.
        var cues = CueTiming.Within(options.Cues, info.Duration ?? double.PositiveInfinity);
        bool hasCaptions = options.Captions != CaptionPlacement.None && cues.Count > 0;
        if (hasCaptions)
        {
            await File.WriteAllTextAsync(captions, CaptionFile.ToWebVtt(cues.Select(Plain)), cancellationToken)
                .ConfigureAwait(false);
        }
        string[] arguments = Arguments(source, whole, options, format, info, hasCaptions ? captions : null, label, h264);
        await RunAsync(arguments, target, whole, limits.StallTimeout, cancellationToken).ConfigureAwait(false);
        try
        {
            if (label is not null) await label.AddToAsync(whole, format, cancellationToken).ConfigureAwait(false);
            if (output.Streams) await CopyAsync(whole, output, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw AsideFile.CannotWrite(target, FileFault.Describe(e), e);
        }
        output.Keep();
        int height = options.Height ?? info.Height;
        return (height, options.Height is null ? info.Width : FinishFilter.WidthFor(info, height));
    }

    private static string[] Arguments(
        string source, string target, FinishOptions options, VideoFormat format, MediaInfo info, string? captions,
        SyntheticMediaLabel? label,
        H264Encoder h264)
    {
        bool embedded = captions is not null && options.Captions == CaptionPlacement.Embedded;
        string filter = FinishFilter.Create(options, format, info, embedded ? null : captions);
        bool sameCodecs = format.HasBoxes || format == VideoFormat.Matroska;
        var encoding = new VideoWriterOptions(
            target, options.Height is { } height ? FinishFilter.WidthFor(info, height) : info.Width, options.Height ?? info.Height)
        {
            FramesPerSecond = options.FramesPerSecond ?? (int)Math.Round(info.FramesPerSecond ?? 25),
            Quality = Quality,
        };
        string[] pictures = filter.Length == 0 && sameCodecs
            ? ["-c:v", "copy"]
            : [
                .. filter.Length > 0 ? (string[])["-vf", filter] : [],
                .. format == VideoFormat.Gif ? [] : (string[])["-pix_fmt", "yuv420p"], .. EncoderArguments.Pictures(encoding, format, h264)
            ];
        string[] sound = !format.HasSound || info.Audio is null ? ["-an"]
            : [
                "-map", "0:a:0",
                .. sameCodecs ? (string[])["-c:a", "copy"] : EncoderArguments.Encoding("libopus", OpusRate, info.Audio.Channels)
            ];
        string[] made = label is null ? [] : format.HasBoxes ? ["-metadata", $"comment={label.Comment}"] : label.ToMetadata();
        return
        [
            "-nostdin", "-hide_banner", "-v", "error", "-xerror", "-progress", "pipe:1", "-protocol_whitelist", "file", "-f", "mov", "-i",
            "file:" + source,
            .. embedded ? (string[])["-protocol_whitelist", "file", "-f", "webvtt", "-i", "file:" + captions] : [],
            "-map", "0:v:0", .. pictures, .. sound,
            .. embedded ? (string[])["-map", "1:s:0", "-c:s", SubtitleCodec(format), "-disposition:s:0", "default"] : [],
            "-map_metadata", "-1", .. made, .. format.HasBoxes ? (string[])["-movflags", "+faststart"] : [], "-f", format.Muxer, "-y",
            "file:" + target,
        ];
    }

    /// <summary>Replaces characters that ffmpeg's captions use for styles, because not all of them can be escaped.</summary>
    private static Cue Plain(Cue cue) => cue with { Text = cue.Text.Replace('{', '(').Replace('}', ')').Replace('\\', '/') };

    private static string SubtitleCodec(VideoFormat format) =>
        format.HasBoxes ? "mov_text" : format == VideoFormat.WebM ? "webvtt" : "subrip";

    /// <summary>Runs ffmpeg, which reports its progress on its standard output. If it reports nothing for a while, it is killed.</summary>
    private static async Task RunAsync(
        string[] arguments, string target, string whole, TimeSpan patience, CancellationToken cancellationToken)
    {
        var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        await using var ended = process.ConfigureAwait(false);
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var kill = process.KillOn(timer.Token);
        try
        {
            byte[] report = new byte[4096];
            do timer.CancelAfter(patience);
            while (await process.Output.ReadAsync(report, timer.Token).ConfigureAwait(false) > 0);
            if (await process.WaitAsync(timer.Token).ConfigureAwait(false) != 0 || process.FailedToWrite)
                throw new MediaException(MediaErrorCodes.OutputFailed, $"{target}: cannot be written ({process.Complaint(whole)})");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MediaException(
                MediaErrorCodes.Timeout,
                string.Create(CultureInfo.InvariantCulture, $"{target}: ffmpeg made no progress for {patience.TotalSeconds} s"));
        }
    }

    private static async Task CopyAsync(string whole, OutputFile output, CancellationToken cancellationToken)
    {
        using var source = File.OpenRead(whole);
        using var stream = output.OpenStream();
        await source.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
    }
}
