using System.Text.Json;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Processes;

namespace Locutor.Media.Probing;

/// <summary>Detects the kind and properties of a file without decoding it, and refuses unsupported files.</summary>
public static class MediaProbe
{
    private const int LongestReport = 4 << 20;
    private static readonly RecentReports Recent = new();

    /// <summary>Returns the properties of a file.</summary>
    /// <exception cref="MediaException">The file is missing, empty, damaged, of an unknown container (playlists are), without a picture or
    /// audio, or beyond the limits.</exception>
    public static async Task<MediaInfo> ProbeAsync(string path, MediaLimits limits, CancellationToken cancellationToken = default) =>
        await ProbeAsync(MediaFile.Open(path, limits), limits, cancellationToken).ConfigureAwait(false);

    internal static async Task<MediaInfo> ProbeAsync(MediaFile file, MediaLimits limits, CancellationToken cancellationToken)
    {
        if (file.Container.IsPicture)
        {
            var header = await PictureHeader.ReadAsync(file, limits, cancellationToken).ConfigureAwait(false);
            var stream = new MediaStream(
                0, MediaStreamKind.Video, file.Container.Name, header.Width, header.Height, header.Width, header.Height);
            return new MediaInfo(
                MediaKind.Picture, file.Container, header.Width, header.Height, null, null, [stream])
            { Frames = header.Frames };
        }
        var info = PlainWav.Find(file)?.Describe(); // such a file is complete
        if (info is null)
        {
            info = await DescribeAsync(file, limits, cancellationToken).ConfigureAwait(false);
            PromisedSound.CheckSize(file);
        }
        Check(file, info, limits);
        return info;
    }

    /// <summary>Returns ffprobe's description; the limits are not checked yet.</summary>
    internal static async Task<MediaInfo> DescribeAsync(MediaFile file, MediaLimits limits, CancellationToken cancellationToken) =>
        Parse(file, await ReportAsync(file, limits, cancellationToken).ConfigureAwait(false));

    private static async Task<byte[]> ReportAsync(MediaFile file, MediaLimits limits, CancellationToken cancellationToken)
    {
        string[] arguments = ["-hide_banner", "-v", "error", "-of", "json", "-show_streams", "-show_format", .. file.InputArguments()];
        return await Recent.GetAsync(file.FullPath, arguments, () => RunAsync(file, arguments, limits, cancellationToken))
            .ConfigureAwait(false);
    }

    private static async Task<byte[]> RunAsync(MediaFile file, string[] arguments, MediaLimits limits, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limits.ProbeTimeout);
        var process = ToolProcess.Start(FfmpegTools.Find().Ffprobe, arguments);
        await using var disposal = process.ConfigureAwait(false);
        using var kill = process.KillOn(timer.Token);
        try
        {
            byte[] report = new byte[LongestReport];
            int read = await process.Output.ReadAtLeastAsync(report, report.Length, throwOnEndOfStream: false, timer.Token)
                .ConfigureAwait(false);
            if (read == report.Length) throw file.TooLarge($"its description is longer than {LongestReport} bytes");
            int code = await process.WaitAsync(timer.Token).ConfigureAwait(false);
            if (code != 0) throw file.Damaged(process.Complaint(file.FullPath));
            return report[..read];
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && timer.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw file.TimedOut(limits.ProbeTimeout);
        }
    }

    private static MediaInfo Parse(MediaFile file, byte[] report)
    {
        try
        {
            using var json = JsonDocument.Parse(report);
            MediaStream[] streams = json.RootElement.TryGetProperty("streams", out var list)
                ? [.. list.EnumerateArray().Select(FfprobeStream.Parse)]
                : [];
            double? duration = json.RootElement.TryGetProperty("format", out var format) ? FfprobeStream.Number(format, "duration") : null;
            var video = streams.FirstOrDefault(s => s.Kind == MediaStreamKind.Video);
            var kind = video is null ? MediaKind.Audio : MediaKind.Video;
            return new MediaInfo(kind, file.Container, video?.Width ?? 0, video?.Height ?? 0, video?.FramesPerSecond, duration, streams);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw file.Unsupported($"ffprobe's description of it cannot be read ({e.Message})", e);
        }
    }

    private static void Check(MediaFile file, MediaInfo info, MediaLimits limits)
    {
        if (info.Streams.Count > limits.MaxStreams)
            throw file.TooLarge($"{info.Streams.Count} streams, expected at most {limits.MaxStreams}");
        if (info.Video is null && info.Audio is null) throw file.Unsupported($"{info.Streams.Count} streams, none of them video or audio");
        if (info.Video is { } video)
        {
            file.CheckSize(video.Width, video.Height, limits.MaxSide, limits.MaxFramePixels);
            file.CheckSize(video.DisplayWidth, video.DisplayHeight, limits.MaxSide, limits.MaxFramePixels);
        }
        else
        {
            var audio = info.Audio!;
            if (audio.SampleRate <= 0) throw file.Unsupported($"sound of {audio.SampleRate} Hz, expected at least 1 Hz");
            if (audio.Channels <= 0) throw file.Unsupported($"sound of {audio.Channels} channels, expected at least 1");
        }
        if (info.Duration > limits.MaxSeconds)
            throw file.TooLarge($"its header gives a duration of {info.Duration:0.#} s, expected at most {limits.MaxSeconds:0.#} s");
    }
}
