using System.Buffers.Binary;
using System.Globalization;
using Locutor.Media.Files;
using Locutor.Media.Processes;

namespace Locutor.Media.Video;

/// <summary>
/// Writes H.264 (yuv420p, BT.709) and AAC into an mp4 as the frames come. The video is as long as the frames; the sound is cut or padded to
/// it. Until <see cref="CompleteAsync"/> the file has another name, and disposing before that deletes it. Not for use by several threads at once.
/// </summary>
public sealed class VideoWriter : IAsyncDisposable
{
    private readonly VideoWriterOptions options;
    private readonly AsideFile aside;
    private readonly ToolProcess encoder;
    private readonly SoundSource? sound;
    private readonly Task copying;
    private long soundWritten; // samples of each channel

    private VideoWriter(VideoWriterOptions options, AsideFile aside, ToolProcess encoder, SoundSource? sound)
    {
        this.options = options;
        this.aside = aside;
        this.encoder = encoder;
        this.sound = sound;
        copying = CopyOrKillAsync();
    }

    /// <summary>Where the file grows; with <see cref="VideoWriterOptions.Fragmented"/> it can be played from there.</summary>
    public string PartialPath => aside.Path;

    public int FramesWritten { get; private set; }

    /// <exception cref="MediaException">The output cannot be written, the sound cannot be read, or ffmpeg cannot encode H.264.</exception>
    public static async Task<VideoWriter> CreateAsync(VideoWriterOptions options, CancellationToken ct = default)
    {
        options.Validate();
        var tools = FfmpegTools.Find();
        var h264 = await H264Encoder.FindAsync(tools, ct).ConfigureAwait(false);
        SoundSource? sound = null;
        ToolProcess? encoder = null;
        var aside = AsideFile.For(options.Path);
        try
        {
            if (options.Sound is not null) sound = await options.Sound.OpenAsync(options.Limits, ct).ConfigureAwait(false);
            encoder = ToolProcess.Start(tools.Ffmpeg, Arguments(options, aside.Path, sound, h264), takesInput: true);
            var writer = new VideoWriter(options, aside, encoder, sound);
            byte[] header = RawMatroska.Header(options.Width, options.Height, options.FramesPerSecond, sound?.SampleRate ?? 0, sound?.Channels ?? 0);
            await writer.FeedAsync(async timed => await encoder.Input.WriteAsync(header, timed).ConfigureAwait(false), ct).ConfigureAwait(false);
            return writer;
        }
        catch
        {
            if (encoder is not null) await encoder.DisposeAsync().ConfigureAwait(false);
            if (sound is not null) await sound.DisposeAsync().ConfigureAwait(false);
            aside.Dispose();
            throw;
        }
    }

    /// <summary>Adds one frame and the sound that belongs to it.</summary>
    /// <param name="rgb24">Height x Width x 3 bytes; may be reused when the task is done.</param>
    /// <param name="ct">Kills the encoder; the writer can then only be disposed.</param>
    public async Task WriteFrameAsync(ReadOnlyMemory<byte> rgb24, CancellationToken ct = default)
    {
        int expected = 3 * options.Width * options.Height;
        if (rgb24.Length != expected)
            throw new ArgumentException($"{options.Width}x{options.Height} RGB needs {expected} bytes, found {rgb24.Length}", nameof(rgb24));
        await FeedAsync(
            async timed =>
            {
                byte[] samples = await NextSoundAsync(timed).ConfigureAwait(false);
                long milliseconds = FramesWritten * 1000L / options.FramesPerSecond;
                await encoder.Input.WriteAsync(RawMatroska.FrameHead(milliseconds, samples, expected), timed).ConfigureAwait(false);
                await encoder.Input.WriteAsync(rgb24, timed).ConfigureAwait(false);
                await encoder.Input.FlushAsync(timed).ConfigureAwait(false);
            },
            ct).ConfigureAwait(false);
        FramesWritten++;
    }

    /// <summary>Ends the file, labels it and gives it its name.</summary>
    /// <exception cref="MediaException">No frame was written, the encoder failed, or the file cannot be written.</exception>
    public async Task CompleteAsync(CancellationToken ct = default)
    {
        if (FramesWritten == 0) throw Failed("no frame was written");
        await FeedAsync(
            async timed =>
            {
                encoder.Input.Close();
                int code = await encoder.WaitAsync(timed).ConfigureAwait(false);
                await copying.WaitAsync(timed).ConfigureAwait(false);
                if (code != 0) throw Failed(encoder.Complaint(PartialPath));
                if (!options.Fragmented && options.Label is { } label)
                    await File.AppendAllBytesAsync(aside.Path, label.ToBox(), timed).ConfigureAwait(false);
            },
            ct).ConfigureAwait(false);
        aside.Keep();
    }

    public async ValueTask DisposeAsync()
    {
        await encoder.DisposeAsync().ConfigureAwait(false);
        if (sound is not null) await sound.DisposeAsync().ConfigureAwait(false);
        await copying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        aside.Dispose();
    }

    private static string[] Arguments(VideoWriterOptions options, string path, SoundSource? sound, H264Encoder h264)
    {
        int rate = options.FramesPerSecond;
        string filter = $"settb=1/{rate},setpts=N,scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp,format=yuv420p";
        string[] soundOptions = sound is null ? ["-an"] :
        [
            "-map", "0:a:0", "-af", $"asetpts=N/SR/TB,aresample={Soundtrack.AacRate(sound.SampleRate)}:resampler=soxr:precision=20",
            "-c:a", "aac", "-b:a", sound.Channels == 2 ? "192k" : "128k",
        ];
        string[] shape = options.Fragmented
            ? ["-movflags", "+frag_keyframe+empty_moov+default_base_moof+delay_moov+skip_trailer", "-flush_packets", "1", "-f", "mp4", "pipe:1"]
            : ["-movflags", "+faststart", "-f", "mp4", "-y", "file:" + path];
        return
        [
            "-hide_banner", "-v", "error", "-protocol_whitelist", "file,pipe", "-probesize", "32", "-analyzeduration", "0", "-f", "matroska", "-i", "pipe:0",
            "-map", "0:v:0", "-vf", filter, "-r", $"{rate}", .. h264.Arguments(options.Quality, (double)options.Width * options.Height * rate), "-g", $"{2 * rate}",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv", .. soundOptions,
            "-map_metadata", "-1", .. options.Label is { } label ? (string[])["-metadata", $"comment={label.Comment}"] : [], .. shape,
        ];
    }

    private async ValueTask<byte[]> NextSoundAsync(CancellationToken ct)
    {
        if (sound is null) return [];
        long end = (FramesWritten + 1L) * sound.SampleRate / options.FramesPerSecond;
        byte[] samples = new byte[(end - soundWritten) * sound.Channels * sizeof(float)];
        await sound.ReadAsync(samples, ct).ConfigureAwait(false);
        soundWritten = end;
        return samples;
    }

    private async Task CopyOrKillAsync()
    {
        try
        {
            await CopyAsync().ConfigureAwait(false);
        }
        catch
        {
            encoder.Kill(); // a full disk, say: nobody would take what it writes
            throw;
        }
    }

    /// <summary>A fragmented file comes through here, so that its label stands in front of what is played; else there is nothing to copy.</summary>
    private async Task CopyAsync()
    {
        await using var file = options.Fragmented ? new FileStream(aside.Path, FileMode.Open, FileAccess.Write, FileShare.Read, 1 << 16) : Stream.Null;
        byte[] size = new byte[4];
        if (options.Fragmented && await encoder.Output.ReadAtLeastAsync(size, 4, throwOnEndOfStream: false).ConfigureAwait(false) == 4)
        {
            byte[] fileType = new byte[Math.Clamp(BinaryPrimitives.ReadInt32BigEndian(size) - 4, 4, 1024)];
            await encoder.Output.ReadExactlyAsync(fileType).ConfigureAwait(false);
            await file.WriteAsync(size).ConfigureAwait(false);
            await file.WriteAsync(fileType).ConfigureAwait(false);
            if (options.Label is { } label) await file.WriteAsync(label.ToBox()).ConfigureAwait(false);
        }
        byte[] buffer = new byte[1 << 16];
        while (await encoder.Output.ReadAsync(buffer).ConfigureAwait(false) is var read and > 0)
        {
            await file.WriteAsync(buffer.AsMemory(0, read)).ConfigureAwait(false);
            await file.FlushAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Does one exchange with the encoder, which may neither stall nor outlive a cancellation, and explains its death.</summary>
    private async Task FeedAsync(Func<CancellationToken, Task> exchange, CancellationToken ct)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timer.CancelAfter(options.Limits.StallTimeout);
        using var kill = encoder.KillOn(timer.Token);
        try
        {
            await exchange(timer.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            ct.ThrowIfCancellationRequested();
            if (timer.IsCancellationRequested)
                throw new MediaException(MediaErrorCodes.Timeout, $"{options.Path}: the encoder took longer than {options.Limits.StallTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s", e);
            throw Failed(await WhyAsync().ConfigureAwait(false), e);
        }
    }

    /// <summary>Why the encoder does not take any more. It is given a moment to say so.</summary>
    private async Task<string> WhyAsync()
    {
        using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await encoder.WaitAsync(moment.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Killed after its moment; what it said so far stands.
        }
        return copying.Exception?.GetBaseException().Message ?? encoder.Complaint(PartialPath);
    }

    private MediaException Failed(string reason, Exception? inner = null) =>
        new(MediaErrorCodes.Internal, $"{options.Path}: cannot be written ({reason})", inner);
}
