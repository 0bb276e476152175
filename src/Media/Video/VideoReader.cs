using Locutor.Media.Files;
using Locutor.Media.Pictures;
using Locutor.Media.Probing;
using Locutor.Media.Processes;

namespace Locutor.Media.Video;

/// <summary>
/// Reads the frames of a source video, upright and at 25 frames per second whatever its own rate. Frames are decoded sequentially, so
/// memory use does not depend on the length. Not thread-safe.
/// </summary>
public sealed class VideoReader : IAsyncDisposable
{
    /// <summary>Frame rate to which frame indices refer.</summary>
    public const int FramesPerSecond = 25;

    /// <summary>Number of most recent frames that can still be requested.</summary>
    public const int Window = 8;

    private readonly MediaFile file;
    private readonly MediaLimits limits;
    private readonly ToolProcess process;
    private readonly Queue<Picture> recent = new();
    private int read;
    private bool ended;

    private VideoReader(MediaFile file, MediaLimits limits, MediaInfo info, ToolProcess process)
    {
        this.file = file;
        this.limits = limits;
        this.process = process;
        Info = info;
        (Width, Height) = (info.Video!.DisplayWidth, info.Video.DisplayHeight);
    }

    public MediaInfo Info { get; }

    /// <summary>Width of every upright frame in pixels.</summary>
    public int Width { get; }

    public int Height { get; }

    /// <summary>Opens a video and reads its first frame.</summary>
    /// <exception cref="MediaException">The file is not a video, is damaged, or exceeds the limits.</exception>
    public static async Task<VideoReader> OpenAsync(string path, MediaLimits limits, CancellationToken cancellationToken = default)
    {
        var file = MediaFile.Open(path, limits);
        var info = await MediaProbe.ProbeAsync(file, limits, cancellationToken).ConfigureAwait(false);
        if (info.Kind != MediaKind.Video || info.Video is not { } video)
            throw file.Unsupported($"is {file.Container.Name} without video, expected a picture or a video");
        string filter = FrameFilter.For(video, FramesPerSecond) ?? throw file.Unsupported(
            $"is Dolby Vision of profile {video.Colour.DolbyVisionProfile}, whose colours only Dolby's decoders know: export it as " +
            "HDR10, HLG or SDR");
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", "-max_pixels", $"{limits.MaxFramePixels}", .. file.InputArguments(), "-map",
            $"0:{video.Index}",
            "-an", "-sn", "-dn", "-vf", filter, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
        ];
        var reader = new VideoReader(file, limits, info, ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments));
        try
        {
            await reader.ReadFrameAsync(0, cancellationToken).ConfigureAwait(false);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Returns frame <paramref name="index"/>, or the last frame if the video is shorter.</summary>
    /// <param name="index">Frame index from 0; at most <see cref="Window"/> - 1 less than the largest index requested so far.</param>
    /// <param name="cancellationToken">Cancels and kills the decoder; the reader is then unusable.</param>
    public async ValueTask<Picture> ReadFrameAsync(int index, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        while (!ended && read <= index)
        {
            if (await NextAsync(cancellationToken).ConfigureAwait(false) is not { } frame)
            {
                ended = true;
                break;
            }
            if (recent.Count == Window) recent.Dequeue();
            recent.Enqueue(frame);
            read++;
        }
        if (read == 0) throw file.Unsupported($"no frame can be decoded ({process.Complaint(file.FullPath)})");
        int back = read - 1 - Math.Min(index, read - 1);
        if (back >= recent.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(index), index, $"frames are read forward; the earliest kept is {read - recent.Count}");
        }
        return recent.ElementAt(recent.Count - 1 - back);
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async Task<Picture?> NextAsync(CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limits.StallTimeout);
        using var kill = process.KillOn(timer.Token);
        try
        {
            byte[] rgb = new byte[3 * Width * Height];
            int got = await process.Output.ReadAtLeastAsync(rgb, rgb.Length, throwOnEndOfStream: false, timer.Token).ConfigureAwait(false);
            if (got == rgb.Length) return new Picture(Width, Height, rgb);
            int code = await process.WaitAsync(timer.Token).ConfigureAwait(false);
            if (code != 0) throw file.Unsupported($"frame {read} cannot be decoded ({process.Complaint(file.FullPath)})");
            return null;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && timer.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw file.TimedOut(limits.StallTimeout);
        }
    }
}
