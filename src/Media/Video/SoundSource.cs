using System.Runtime.InteropServices;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.Media.Video;

/// <summary>Reads interleaved float samples in order; silence follows the end.</summary>
internal sealed class SoundSource : IAsyncDisposable
{
    private readonly ToolProcess? decoder;
    private readonly string path;
    private readonly Waveform? waveform;
    private int played;

    private SoundSource(ToolProcess? decoder, string path, Waveform? waveform, int sampleRate, int channels)
    {
        this.decoder = decoder;
        this.path = path;
        this.waveform = waveform;
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
    public static SoundSource Of(ToolProcess decoder, string path, int sampleRate, int channels) => new(decoder, path, null, sampleRate, channels);

    public static SoundSource Of(Waveform waveform) => new(null, "", waveform, waveform.SampleRate, 1);

    /// <summary>Fills <paramref name="bytes"/> with the next samples.</summary>
    /// <exception cref="MediaException">The decoder failed. Padding with silence would hide the missing audio.</exception>
    public async ValueTask ReadAsync(Memory<byte> bytes, CancellationToken ct)
    {
        if (waveform is not null)
        {
            int count = Math.Min(bytes.Length / sizeof(float), waveform.Samples.Length - played);
            var samples = MemoryMarshal.AsBytes(waveform.Samples.AsSpan(played, count));
            samples.CopyTo(bytes.Span);
            bytes.Span[samples.Length..].Clear();
            played += count;
            return;
        }
        using var kill = decoder!.KillOn(ct);
        int read = await decoder.Output.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        ct.ThrowIfCancellationRequested();
        if (read < bytes.Length && await decoder.WaitAsync(ct).ConfigureAwait(false) != 0)
            throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: damaged sound ({decoder.Complaint(path)})");
        bytes.Span[read..].Clear();
    }

    public ValueTask DisposeAsync() => decoder?.DisposeAsync() ?? ValueTask.CompletedTask;
}
