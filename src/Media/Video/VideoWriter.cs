using System.Buffers.Binary;
using System.Globalization;
using Locutor.Files;
using Locutor.Media.Processes;

namespace Locutor.Media.Video;

/// <summary>
/// Writes a video frame by frame: H.264 and AAC, VP9 and Opus, or a GIF, depending on its <see cref="VideoFormat"/>. The video is as long
/// as its frames; the audio is cut or padded to that length. A file has a temporary name until <see cref="CompleteAsync"/>, and disposing
/// before that deletes it; a pipe, a device and standard output are written directly. Not thread-safe.
/// </summary>
public sealed class VideoWriter : IAsyncDisposable
{
    private readonly VideoWriterOptions options;
    private readonly OutputFile output;
    private readonly VideoFormat format;
    private readonly ToolProcess encoder;
    private readonly SoundSource? sound;
    private readonly Task copying;
    private long soundWritten; // number of samples per channel

    private VideoWriter(VideoWriterOptions options, VideoFormat format, OutputFile output, ToolProcess encoder, SoundSource? sound)
    {
        this.options = options;
        this.format = format;
        this.output = output;
        this.encoder = encoder;
        this.sound = sound;
        copying = CopyOrKillAsync();
    }

    /// <summary>Path of the growing file; with <see cref="VideoWriterOptions.Fragmented"/> it can be played from there.</summary>
    public string PartialPath => output.Path;

    public int FramesWritten { get; private set; }

    /// <summary>True if the encoder writes to this process sequentially; false if it writes to a seekable file.</summary>
    private bool Piped => options.Fragmented || options.CutFrames.Count > 0 || output.Streams;

    /// <summary>Opens the output and the audio, and starts the encoder.</summary>
    /// <exception cref="MediaException">The output cannot be written, the audio cannot be read, or ffmpeg cannot encode H.264.</exception>
    public static async Task<VideoWriter> CreateAsync(VideoWriterOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        var tools = FfmpegTools.Find();
        var format = options.Format ?? OutputFile.Format(options.Path);
        var h264 = await H264Encoder.FindAsync(tools, cancellationToken).ConfigureAwait(false);
        SoundSource? sound = null;
        ToolProcess? encoder = null;
        var output = OutputFile.Open(options.Path);
        try
        {
            if (options.Sound is not null && format.HasSound)
                sound = await options.Sound.OpenAsync(options.Limits, cancellationToken).ConfigureAwait(false);
            encoder = ToolProcess.Start(tools.Ffmpeg, EncoderArguments.For(options, format, output, sound, h264), takesInput: true);
            var writer = new VideoWriter(options, format, output, encoder, sound);
            byte[] header = RawMatroska.Header(
                options.Width, options.Height, options.FramesPerSecond, sound?.SampleRate ?? 0, sound?.Channels ?? 0);
            await writer.FeedAsync(async timed => await encoder.Input.WriteAsync(header, timed).ConfigureAwait(false), cancellationToken)
                .ConfigureAwait(false);
            return writer;
        }
        catch
        {
            if (encoder is not null) await encoder.DisposeAsync().ConfigureAwait(false);
            if (sound is not null) await sound.DisposeAsync().ConfigureAwait(false);
            output.Dispose();
            throw;
        }
    }

    /// <summary>Writes one frame and its audio.</summary>
    /// <param name="rgb24">Height x Width x 3 bytes; may be reused when the task has completed.</param>
    /// <param name="cancellationToken">Cancels and kills the encoder; the writer can then only be disposed.</param>
    public async Task WriteFrameAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancellationToken = default)
    {
        int expected = 3 * options.Width * options.Height;
        if (rgb24.Length != expected)
        {
            throw new ArgumentException(
                $"{options.Width}x{options.Height} RGB needs {expected} bytes, found {rgb24.Length}", nameof(rgb24));
        }
        await FeedAsync(
            async timed =>
            {
                byte[] samples = await NextSoundAsync(timed).ConfigureAwait(false);
                long milliseconds = FramesWritten * 1000L / options.FramesPerSecond;
                await encoder.Input.WriteAsync(RawMatroska.FrameHead(milliseconds, samples, expected), timed).ConfigureAwait(false);
                await encoder.Input.WriteAsync(rgb24, timed).ConfigureAwait(false);
                await encoder.Input.FlushAsync(timed).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        FramesWritten++;
    }

    /// <summary>Completes the file, adds its label and renames it to its final name.</summary>
    /// <exception cref="MediaException">No frame was written, the encoder failed, or the file cannot be written.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        if (FramesWritten == 0) throw Failed("no frame was written");
        await FeedAsync(
            async timed =>
            {
                encoder.Input.Close();
                int code = await encoder.WaitAsync(timed).ConfigureAwait(false);
                await copying.WaitAsync(timed).ConfigureAwait(false);
                if (code != 0 || encoder.FailedToWrite) throw Failed(EncoderComplaint());
                if (!Piped && options.Label is { } label) await label.AddToAsync(output.Path, format, timed).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        output.Keep();
    }

    public async ValueTask DisposeAsync()
    {
        await encoder.DisposeAsync().ConfigureAwait(false);
        if (sound is not null) await sound.DisposeAsync().ConfigureAwait(false);
        await copying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        output.Dispose();
    }

    private async ValueTask<byte[]> NextSoundAsync(CancellationToken cancellationToken)
    {
        if (sound is null) return [];
        long end = (FramesWritten + 1L) * sound.SampleRate / options.FramesPerSecond;
        byte[] samples = new byte[(end - soundWritten) * sound.Channels * sizeof(float)];
        await sound.ReadAsync(samples, cancellationToken).ConfigureAwait(false);
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
            encoder.Kill(); // the destination failed, for example by a full disk, so the output cannot be written
            throw;
        }
    }

    /// <summary>
    /// Copies the encoder's output to the destination if it is <see cref="Piped"/>; the label of an mp4 is written before the media data.
    /// </summary>
    private async Task CopyAsync()
    {
        if (!Piped)
        {
            await encoder.Output.CopyToAsync(Stream.Null).ConfigureAwait(false);
            return;
        }
        var file = await Task.Run(output.OpenStream).ConfigureAwait(false);
        await using var disposal = file.ConfigureAwait(false);
        if (format.HasBoxes) await CopyFileTypeAsync(file).ConfigureAwait(false);
        byte[] end = format == VideoFormat.Gif && options.Label is { } label ? label.ToGifEnd() : [];
        byte[] buffer = new byte[1 << 16];
        int held = 0; // the last byte of a GIF, which the end with the label replaces
        while (await encoder.Output.ReadAsync(buffer.AsMemory(held)).ConfigureAwait(false) is var read and > 0)
        {
            int hold = end.Length > 0 ? 1 : 0;
            await file.WriteAsync(buffer.AsMemory(0, held + read - hold)).ConfigureAwait(false);
            await file.FlushAsync().ConfigureAwait(false);
            buffer[0] = buffer[held + read - 1];
            held = hold;
        }
        await file.WriteAsync(end).ConfigureAwait(false);
    }

    private async Task CopyFileTypeAsync(Stream file)
    {
        byte[] size = new byte[4];
        if (await encoder.Output.ReadAtLeastAsync(size, 4, throwOnEndOfStream: false).ConfigureAwait(false) < 4) return;
        byte[] fileType = new byte[Math.Clamp(BinaryPrimitives.ReadInt32BigEndian(size) - 4, 4, 1024)];
        await encoder.Output.ReadExactlyAsync(fileType).ConfigureAwait(false);
        await file.WriteAsync(size).ConfigureAwait(false);
        await file.WriteAsync(fileType).ConfigureAwait(false);
        if (options.Label is { } label) await file.WriteAsync(label.ToBox()).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs one exchange with the encoder, with a time limit and cancellation, and reports the reason if the encoder has failed.
    /// </summary>
    private async Task FeedAsync(Func<CancellationToken, Task> exchange, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(options.Limits.StallTimeout);
        using var kill = encoder.KillOn(timer.Token);
        try
        {
            await exchange(timer.Token).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is IOException or ArgumentOutOfRangeException or UnauthorizedAccessException or OperationCanceledException
                or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (timer.IsCancellationRequested)
            {
                throw new MediaException(
                    MediaErrorCodes.Timeout,
                    $"{options.Path}: the encoder took longer than " +
                    $"{options.Limits.StallTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
                    e);
            }
            string why = await WhyAsync().ConfigureAwait(false);
            // The encoder may be intact and the error in this process.
            throw Failed(why == Complaints.None ? FileFault.Describe(e) : why, e);
        }
    }

    /// <summary>Returns the reason why the encoder accepts no more data; waits a moment for its message.</summary>
    private async Task<string> WhyAsync()
    {
        using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await encoder.WaitAsync(moment.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The encoder was killed after that moment; the text read so far is used.
        }
        return copying.Exception?.GetBaseException() is { } failure ? FileFault.Describe(failure) : EncoderComplaint();
    }

    private string EncoderComplaint() => encoder.FoundNoSpace ? "No space left on device" : encoder.Complaint(PartialPath);

    private MediaException Failed(string reason, Exception? inner = null) =>
        new(MediaErrorCodes.OutputFailed, $"{options.Path}: cannot be written ({reason})", inner);
}
