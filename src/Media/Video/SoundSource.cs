using System.Runtime.InteropServices;
using Locutor.Files;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.Media.Video;

/// <summary>Reads interleaved float samples in order; silence follows the end.</summary>
internal sealed class SoundSource : IAsyncDisposable
{
    private readonly Stream stream;
    private readonly PlainWav? wav; // what the stream has; null for floats
    private readonly ToolProcess? decoder;
    private readonly string path;

    private SoundSource(Stream stream, ToolProcess? decoder, string path, int sampleRate, int channels, PlainWav? wav = null)
    {
        (this.stream, this.decoder, this.path, this.wav) = (stream, decoder, path, wav);
        SampleRate = sampleRate;
        Channels = channels;
    }

    /// <summary>Sample rate in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>Number of channels, 1 or 2.</summary>
    public int Channels { get; }

    /// <summary>Creates a source of decoded audio.</summary>
    /// <param name="decoder">Process that writes the samples to its standard output.</param>
    /// <param name="path">Path of the decoded file, for messages.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="channels">Number of channels, 1 or 2.</param>
    public static SoundSource From(ToolProcess decoder, string path, int sampleRate, int channels) =>
        new(decoder.Output, decoder, path, sampleRate, channels);

    public static SoundSource From(Waveform waveform) =>
        new(
            new MemoryStream(MemoryMarshal.AsBytes(waveform.Samples.AsSpan()).ToArray(), writable: false), null, "", waveform.SampleRate,
            1);

    /// <summary>Creates a source of audio that still arrives.</summary>
    public static SoundSource From(GrowingSound sound) => new(sound.OpenTrack(), null, "", sound.Format.SampleRate, sound.Format.Channels);

    /// <summary>Creates a source of the samples of a plain WAV file, which are read without ffmpeg.</summary>
    public static SoundSource From(MediaFile file, PlainWav wav) =>
        new(wav.Open(file), null, file.Path, wav.Format.SampleRate, wav.Format.Channels, wav);

    /// <summary>Fills <paramref name="bytes"/> with the next samples of all channels.</summary>
    /// <exception cref="MediaException">The decoder failed, or the file was cut: silence would hide the missing audio.</exception>
    public async ValueTask ReadAsync(Memory<byte> bytes, CancellationToken cancellationToken)
    {
        using var kill = decoder?.KillOn(cancellationToken);
        int read = await ReadFloatsAsync(bytes, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (decoder is not null && read < bytes.Length && await decoder.WaitAsync(cancellationToken).ConfigureAwait(false) != 0)
            throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: damaged sound ({decoder.Complaint(path)})");
        bytes.Span[read..].Clear();
    }

    private async ValueTask<int> ReadFloatsAsync(Memory<byte> floats, CancellationToken cancellationToken)
    {
        if (wav is null) return await FillAsync(floats, cancellationToken).ConfigureAwait(false);
        long wanted = (long)floats.Length / (sizeof(float) * Channels) * wav.Format.FrameBytes;
        // Behind the samples may be a byte that makes their number even, or what was added to the file meanwhile.
        byte[] samples = new byte[Math.Min(wanted, wav.Start + wav.Bytes - stream.Position)];
        try
        {
            if (await FillAsync(samples, cancellationToken).ConfigureAwait(false) < samples.Length)
                throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: damaged sound (the file has become shorter)");
        }
        catch (IOException failure)
        {
            throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: cannot be read ({FileFault.Describe(failure)})", failure);
        }
        float[] found = wav.Format.ToFloats(samples);
        MemoryMarshal.AsBytes(found.AsSpan()).CopyTo(floats.Span);
        return found.Length * sizeof(float);
    }

    private ValueTask<int> FillAsync(Memory<byte> bytes, CancellationToken cancellationToken) =>
        stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);

    public ValueTask DisposeAsync() => decoder?.DisposeAsync() ?? stream.DisposeAsync();
}
