using System.Runtime.InteropServices;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.Media.Video;

/// <summary>Reads interleaved float samples in order; silence follows the end.</summary>
internal sealed class SoundSource : IAsyncDisposable
{
    private readonly Stream stream;
    private readonly ToolProcess? decoder;
    private readonly string path;

    private SoundSource(Stream stream, ToolProcess? decoder, string path, int sampleRate, int channels)
    {
        (this.stream, this.decoder, this.path) = (stream, decoder, path);
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

    /// <summary>Fills <paramref name="bytes"/> with the next samples.</summary>
    /// <exception cref="MediaException">The decoder failed. Padding with silence would hide the missing audio.</exception>
    public async ValueTask ReadAsync(Memory<byte> bytes, CancellationToken cancellationToken)
    {
        using var kill = decoder?.KillOn(cancellationToken);
        int read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (decoder is not null && read < bytes.Length && await decoder.WaitAsync(cancellationToken).ConfigureAwait(false) != 0)
            throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: damaged sound ({decoder.Complaint(path)})");
        bytes.Span[read..].Clear();
    }

    public ValueTask DisposeAsync() => decoder?.DisposeAsync() ?? stream.DisposeAsync();
}
