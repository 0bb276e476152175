using System.Runtime.InteropServices;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.Media.Video;

/// <summary>Interleaved float samples in order, silence after the end.</summary>
internal sealed class SoundSource : IAsyncDisposable
{
    private readonly ToolProcess? decoder;
    private readonly Waveform? waveform;
    private int played;

    private SoundSource(ToolProcess? decoder, Waveform? waveform, int sampleRate, int channels)
    {
        this.decoder = decoder;
        this.waveform = waveform;
        SampleRate = sampleRate;
        Channels = channels;
    }

    /// <summary>Hz.</summary>
    public int SampleRate { get; }

    /// <summary>1 or 2.</summary>
    public int Channels { get; }

    public static SoundSource Of(ToolProcess decoder, int sampleRate, int channels) => new(decoder, null, sampleRate, channels);

    public static SoundSource Of(Waveform waveform) => new(null, waveform, waveform.SampleRate, 1);

    /// <summary>Fills <paramref name="bytes"/> with the samples that follow.</summary>
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
        bytes.Span[read..].Clear();
    }

    public ValueTask DisposeAsync() => decoder?.DisposeAsync() ?? ValueTask.CompletedTask;
}
