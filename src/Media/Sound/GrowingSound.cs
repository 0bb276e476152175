using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Locutor.Media.Pcm;
using Locutor.Media.Processes;

namespace Locutor.Media.Sound;

/// <summary>
/// A voice that is read from a pipe while it arrives. It has two readers: the network reads mono samples of a given rate, resampled as
/// <see cref="AudioDecoder"/> does, and the video writer reads the unchanged sound. This class reads no more from the pipe than the network
/// requests, apart from a second or two in the buffers of ffmpeg, so memory use does not grow.
/// </summary>
public sealed class GrowingSound : ISampleSource, IAsyncDisposable
{
    private const int PieceBytes = 1 << 14;

    private readonly Stream source;
    private readonly string name;
    private readonly MediaLimits limits;
    private readonly long? expected; // bytes of samples
    private readonly ToolProcess resampler;
    private readonly PcmSamples voice;
    private readonly Pipe track = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly CancellationTokenSource stop = new();
    private Task? copying;
    private volatile Exception? failure; // why the copying ended early
    private bool trackIsRead;
    private long received; // bytes of samples

    /// <summary>Creates a sound. Nothing is read before the first call of <see cref="ReadAsync"/>.</summary>
    /// <param name="source">The stream after its header; the caller disposes it after this object.</param>
    /// <param name="name">Name for messages.</param>
    /// <param name="format">Format of the samples.</param>
    /// <param name="bytes">Number of bytes of samples; null for all up to the end of the stream.</param>
    /// <param name="sampleRate">Sample rate for the network in Hz.</param>
    /// <param name="limits">Limits of the duration.</param>
    /// <exception cref="MediaException">The sound is too long, or ffmpeg cannot be started.</exception>
    public GrowingSound(Stream source, string name, PcmFormat format, long? bytes, int sampleRate, MediaLimits limits)
    {
        if (!format.IsValid) throw new ArgumentException($"expected {PcmFormat.Form}, found {format}", nameof(format));
        (this.source, this.name, this.limits, Format, expected) = (source, name, limits, format, bytes);
        if (bytes is { } known) CheckLength(known);
        resampler = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, Arguments(format, sampleRate), takesInput: true);
        voice = new PcmSamples(resampler.Output, name);
    }

    public PcmFormat Format { get; }

    /// <summary>Duration in seconds of the sound that has arrived.</summary>
    public double Seconds => SecondsOf(Interlocked.Read(ref received));

    /// <summary>Duration in seconds of the whole sound; null if it is not known yet.</summary>
    public double? KnownSeconds => expected is { } bytes ? SecondsOf(bytes) : null;

    public async ValueTask<int> ReadAsync(Memory<float> samples, CancellationToken cancellationToken)
    {
        copying ??= Task.Run(CopyAsync, CancellationToken.None);
        using var kill = resampler.KillOn(cancellationToken);
        try
        {
            int count = await voice.ReadAsync(samples, cancellationToken).ConfigureAwait(false);
            if (count > 0 || samples.Length == 0) return count;
            int code = await resampler.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (failure is null && code != 0) throw Unusable(resampler.Complaint(name));
            if (failure is null) return 0;
        }
        catch (MediaException) when (failure is not null)
        {
            // The resampler was killed within a sample because of that failure.
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw failure as MediaException
            ?? new MediaException(MediaErrorCodes.FetchFailed, $"{name}: cannot be read ({failure!.Message})", failure);
    }

    /// <summary>
    /// Returns the samples as they arrive, as interleaved 32-bit floats in the channels and the rate of <see cref="Format"/>. Call it once,
    /// before the first <see cref="ReadAsync"/>.
    /// </summary>
    internal Stream OpenTrack()
    {
        if (copying is not null || trackIsRead)
            throw new InvalidOperationException("the track of a growing sound is opened once, before the sound is read");
        trackIsRead = true;
        return track.Reader.AsStream();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await resampler.DisposeAsync().ConfigureAwait(false);
        if (copying is not null) await copying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    /// <summary>Copies the sound to both readers until it ends.</summary>
    private async Task CopyAsync()
    {
        try
        {
            await foreach (var piece in PiecesAsync().ConfigureAwait(false))
            {
                if (trackIsRead)
                {
                    await track.Writer.WriteAsync(MemoryMarshal.AsBytes(Format.ToFloats(piece.Span).AsSpan()).ToArray(), stop.Token)
                        .ConfigureAwait(false);
                }
                await resampler.Input.WriteAsync(piece, stop.Token).ConfigureAwait(false);
                await resampler.Input.FlushAsync(stop.Token).ConfigureAwait(false);
            }

            resampler.Input.Close();
        }
        catch (Exception e)
        {
            failure = e;
            resampler.Kill(); // so that the reader of the voice ends too
        }
        finally
        {
            await track.Writer.CompleteAsync(failure).ConfigureAwait(false);
        }
    }

    /// <summary>Reads pieces of whole samples. Some systems cannot cancel a read of a pipe, so a cancelled read is not awaited.</summary>
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> PiecesAsync()
    {
        byte[] buffer = new byte[PieceBytes];
        int kept = 0; // bytes of an incomplete sample
        while (expected is not { } most || received < most)
        {
            long room = expected is { } all ? Math.Min(buffer.Length, all - received) : buffer.Length;
            int count = await source.ReadAsync(buffer.AsMemory(kept, (int)room - kept), stop.Token).AsTask().WaitAsync(stop.Token)
                .ConfigureAwait(false);
            if (count == 0) break;
            kept += count;
            int whole = kept - kept % Format.FrameBytes;
            if (whole == 0) continue;
            if (received == 0 && IsFile(buffer.AsSpan(0, whole)))
                throw Unusable("expected samples without a header, found a file that has one: leave out its format (--raw-audio)");
            Interlocked.Add(ref received, whole);
            CheckLength(received);
            yield return buffer.AsMemory(0, whole);
            buffer.AsSpan(whole, kept -= whole).CopyTo(buffer);
        }

        if (expected is { } promised && received + kept < promised)
        {
            throw Unusable(string.Create(
                CultureInfo.InvariantCulture,
                $"the sound ends after {Seconds:0.##} s, and its header promises {SecondsOf(promised):0.##} s"));
        }
        if (kept > 0 && expected is null)
            throw Unusable($"the sound breaks off inside a sample, after {Seconds.ToString("0.##", CultureInfo.InvariantCulture)} s");
        if (Seconds < limits.MinAudioSeconds)
        {
            throw new MediaException(
                MediaErrorCodes.AudioTooShort,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}: {Seconds:0.###} s of sound, expected at least {limits.MinAudioSeconds:0.###} s"));
        }
    }

    /// <summary>
    /// Returns whether bytes said to be samples begin a file of a usual format, which would sound like noise. The detection of containers
    /// is not used here, because samples may begin like its shorter signatures.
    /// </summary>
    private static bool IsFile(ReadOnlySpan<byte> start) =>
        start.StartsWith("RIFF"u8) || start.StartsWith("RF64"u8) || start.StartsWith("OggS"u8) || start.StartsWith("fLaC"u8)
            || start.StartsWith("ID3"u8) || start.Length >= 8 && start[4..8].SequenceEqual("ftyp"u8);

    /// <summary>
    /// Builds the arguments of ffmpeg. The option <c>-fflags nobuffer</c> must not be among them: ffmpeg would drop the first samples.
    /// </summary>
    private static string[] Arguments(PcmFormat format, int sampleRate)
    {
        string mix = format.Channels == 2 ? "pan=mono|c0=0.5*c0+0.5*c1," : "";
        return
        [
            "-nostdin", "-hide_banner", "-v", "error", "-probesize", "32", "-analyzeduration", "0",
            "-f", format.Coding, "-ar", Number(format.SampleRate), "-ac", Number(format.Channels), "-i", "pipe:0",
            "-af", $"aformat=sample_fmts=fltp,{mix}aresample={Number(sampleRate)}:resampler=soxr:precision=20",
            "-f", "f32le", "-c:a", "pcm_f32le", "-flush_packets", "1", "pipe:1",
        ];
    }

    private void CheckLength(long bytes)
    {
        if (SecondsOf(bytes) > limits.MaxSeconds)
        {
            throw new MediaException(
                MediaErrorCodes.TooLarge,
                string.Create(CultureInfo.InvariantCulture, $"{name}: more than {limits.MaxSeconds:0.#} s of sound"));
        }
    }

    private double SecondsOf(long bytes) => (double)bytes / Format.FrameBytes / Format.SampleRate;

    private MediaException Unusable(string why) => new(MediaErrorCodes.UnsupportedMedia, $"{name}: {why}");

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
