using Locutor.Media.Files;
using Locutor.Media.Processes;

namespace Locutor.Media.Video.Segments;

/// <summary>
/// Writes an mp4 clip by clip. Each clip becomes a segment that can be played at once, and the finished file is put together from the
/// segments: nothing is encoded twice. The file has a temporary name until <see cref="CompleteAsync"/>. Not thread-safe.
/// </summary>
public sealed class SegmentedVideoWriter : IAsyncDisposable
{
    private readonly VideoWriterOptions options;
    private readonly SegmentedVideo video;
    private readonly OutputFile output;
    private readonly H264Encoder h264;
    private readonly Func<VideoSegment, CancellationToken, Task> publish;
    private readonly CancellationTokenSource stop = new();
    private readonly Task<EncodedSound>? sound;
    private readonly FileStream growing;
    private byte[]? ownHeader;

    private SegmentedVideoWriter(
        VideoWriterOptions options, SegmentedVideo video, OutputFile output, H264Encoder h264,
        Func<VideoSegment, CancellationToken, Task> publish)
    {
        (this.options, this.video, this.output, this.h264, this.publish) = (options, video, output, h264, publish);
        growing = new FileStream(output.Path + ".live", FileMode.Create, FileAccess.Write, FileShare.Read);
        sound = options.Sound is null ? null : EncodedSound.CreateAsync(options, video.Frames, SoundPath, stop.Token);
    }

    public int FramesWritten { get; private set; }

    private string SoundPath => output.Path + ".m4a";

    /// <summary>Opens the output and starts to encode the audio.</summary>
    /// <param name="options">The options; the path names an mp4 file.</param>
    /// <param name="frames">Number of frames of the whole video, for the length of the audio.</param>
    /// <param name="longestSegment">Largest number of frames in a segment.</param>
    /// <param name="publish">Receives each segment as soon as it is complete.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="MediaException">The output cannot be written, or ffmpeg cannot encode H.264.</exception>
    public static async Task<SegmentedVideoWriter> CreateAsync(
        VideoWriterOptions options, int frames, int longestSegment, Func<VideoSegment, CancellationToken, Task> publish,
        CancellationToken cancellationToken = default)
    {
        options.Validate();
        var h264 = await H264Encoder.FindAsync(FfmpegTools.Find(), cancellationToken).ConfigureAwait(false);
        var output = OutputFile.Open(options.Path);
        try
        {
            if (output.Streams || OutputFile.Format(options.Path) != VideoFormat.Mp4)
                throw AsideFile.CannotWrite(options.Path, "a live video must be an mp4 file");
            var video = new SegmentedVideo(options.Width, options.Height, options.FramesPerSecond, frames, longestSegment);
            return new SegmentedVideoWriter(options, video, output, h264, publish);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>Encodes the next frames as one segment and publishes it.</summary>
    /// <param name="count">Number of frames, at least 1.</param>
    /// <param name="frames">The frames, rows of R, G, B; each array is used until the next one is requested.</param>
    /// <param name="cancellationToken">Cancels and kills the encoder; the writer can then only be disposed.</param>
    public async Task WriteClipAsync(int count, IEnumerable<byte[]> frames, CancellationToken cancellationToken = default)
    {
        var audio = sound is null ? null : await sound.WaitAsync(cancellationToken).ConfigureAwait(false);
        string[] arguments = EncoderArguments.ForSegment(options, FramesWritten, audio?.Part(FramesWritten, count) ?? [], h264);
        byte[] mp4 = await RunAsync(arguments, (input, timer) => FeedAsync(input, frames, timer), cancellationToken).ConfigureAwait(false);
        await AddAsync(Segment(mp4, count), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Copies frames of another file without encoding them again, and publishes them as one segment. The frames must come from an encoder
    /// with equal settings.
    /// </summary>
    /// <param name="piece">The frames.</param>
    /// <param name="cancellationToken">Cancels; the writer can then only be disposed.</param>
    /// <returns>False if the frames were encoded in another way; nothing is written then.</returns>
    public async Task<bool> TryCopyClipAsync(EncodedPiece piece, CancellationToken cancellationToken = default)
    {
        var audio = sound is null ? null : await sound.WaitAsync(cancellationToken).ConfigureAwait(false);
        string[] part = audio?.Part(FramesWritten, piece.Frames) ?? [];
        ownHeader ??= await EncodeHeaderAsync(part, cancellationToken).ConfigureAwait(false);
        if (!FragmentBoxes.HaveEqualPictures(piece.Mp4, ownHeader)) return false;
        byte[] mp4 = await RunAsync(
            EncoderArguments.ForCopy(options, FramesWritten - piece.FirstFrame, part),
            async (input, timer) =>
            {
                timer.CancelAfter(options.Limits.StallTimeout);
                await input.WriteAsync(piece.Mp4, timer.Token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        // Only the bit rate in the header depends on the frames; with one header for all segments, players need not switch.
        await AddAsync(Segment(mp4, piece.Frames) with { Header = ownHeader }, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Returns the header of segments that this writer encodes.</summary>
    private async Task<byte[]> EncodeHeaderAsync(string[] audio, CancellationToken cancellationToken)
    {
        byte[][] black = [new byte[3 * options.Width * options.Height]];
        string[] arguments = EncoderArguments.ForSegment(options, FramesWritten, audio, h264);
        byte[] mp4 = await RunAsync(arguments, (input, timer) => FeedAsync(input, black, timer), cancellationToken).ConfigureAwait(false);
        return Segment(mp4, 1).Header;
    }

    private async Task AddAsync(VideoSegment segment, CancellationToken cancellationToken)
    {
        if (FramesWritten == 0) await growing.WriteAsync(segment.Header, cancellationToken).ConfigureAwait(false);
        await growing.WriteAsync(segment.Media, cancellationToken).ConfigureAwait(false);
        await growing.FlushAsync(cancellationToken).ConfigureAwait(false);
        FramesWritten += segment.Frames;
        await publish(segment, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts the segments together, adds the label and renames the file to its final name.</summary>
    /// <exception cref="MediaException">No frame was written, or the file cannot be written.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        if (FramesWritten == 0) throw Failed("no frame was written");
        await growing.DisposeAsync().ConfigureAwait(false);
        string[] audio = sound is null ? [] : (await sound.ConfigureAwait(false)).Whole;
        string[] label = options.Label is { } made ? ["-metadata", $"comment={made.Comment}"] : [];
        await RunAsync(
            [
                "-hide_banner", "-v", "error", "-xerror", "-protocol_whitelist", "file",
                "-f", "mov", "-i", "file:" + growing.Name, .. audio,
                "-map", "0:v:0", .. audio.Length == 0 ? [] : (string[])["-map", "1:a:0"], "-c", "copy",
                "-map_metadata", "-1", .. label, "-movflags", "+faststart", "-f", "mp4", "-y", "file:" + output.Path,
            ],
            (_, _) => Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        if (options.Label is { } box)
        {
            using var file = new FileStream(output.Path, FileMode.Append);
            await file.WriteAsync(box.ToBox(), cancellationToken).ConfigureAwait(false);
        }
        output.Keep();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        if (sound is not null) await ((Task)sound).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await growing.DisposeAsync().ConfigureAwait(false);
        File.Delete(growing.Name);
        File.Delete(SoundPath);
        output.Dispose();
        stop.Dispose();
    }

    private VideoSegment Segment(byte[] mp4, int count)
    {
        try
        {
            var (header, media) = FragmentBoxes.Split(mp4, count, options.Label?.ToBox());
            return new VideoSegment(video, FramesWritten, count, header, media);
        }
        catch (InvalidDataException e)
        {
            throw Failed($"the encoder wrote an unexpected segment: {e.Message}", e);
        }
    }

    private async Task FeedAsync(Stream input, IEnumerable<byte[]> frames, CancellationTokenSource timer)
    {
        byte[] header = RawMatroska.Header(options.Width, options.Height, options.FramesPerSecond, 0, 0);
        await input.WriteAsync(header, timer.Token).ConfigureAwait(false);
        int expected = 3 * options.Width * options.Height, index = 0;
        foreach (byte[] frame in frames)
        {
            if (frame.Length != expected)
                throw new ArgumentException($"expected {expected} bytes of RGB, found {frame.Length}", nameof(frames));
            timer.CancelAfter(options.Limits.StallTimeout);
            byte[] head = RawMatroska.FrameHead(index++ * 1000L / options.FramesPerSecond, [], expected);
            await input.WriteAsync(head, timer.Token).ConfigureAwait(false);
            await input.WriteAsync(frame, timer.Token).ConfigureAwait(false);
            timer.CancelAfter(Timeout.InfiniteTimeSpan); // the time that it takes to compute the next frame does not count
        }
    }

    /// <summary>Runs ffmpeg and returns its standard output.</summary>
    private async Task<byte[]> RunAsync(
        string[] arguments, Func<Stream, CancellationTokenSource, Task> feed, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var encoder = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments, takesInput: true);
        await using var disposal = encoder.ConfigureAwait(false);
        using var kill = encoder.KillOn(timer.Token);
        using var made = new MemoryStream();
        var reading = encoder.Output.CopyToAsync(made, timer.Token);
        try
        {
            await feed(encoder.Input, timer).ConfigureAwait(false);
            encoder.Input.Close();
            timer.CancelAfter(options.Limits.StallTimeout);
            await reading.ConfigureAwait(false);
            if (await encoder.WaitAsync(timer.Token).ConfigureAwait(false) != 0 || encoder.FailedToWrite)
                throw Failed(encoder.Complaint(output.Path));
            return made.ToArray();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (timer.IsCancellationRequested)
                throw new MediaException(MediaErrorCodes.Timeout, $"{options.Path}: the encoder does not answer", e);
            await encoder.WaitAsync(cancellationToken).ConfigureAwait(false); // its message is complete then
            throw Failed(encoder.Complaint(output.Path), e);
        }
    }

    private MediaException Failed(string reason, Exception? inner = null) =>
        new(MediaErrorCodes.OutputFailed, $"{options.Path}: cannot be written ({reason})", inner);
}
