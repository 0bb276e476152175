using System.Runtime.InteropServices;

namespace Locutor.Media.Sound;

/// <summary>
/// Reads samples from a pipe or socket: 32-bit little-endian floats, mono. Samples that have not been read yet stay with the sender, so
/// memory use does not grow.
/// </summary>
/// <param name="stream">The stream; the caller disposes it.</param>
/// <param name="name">Name for messages.</param>
public sealed class PcmSamples(Stream stream, string name) : ISampleSource
{
    private readonly byte[] bytes = new byte[1 << 16];
    private int kept; // number of bytes of an incomplete sample
    private long samplesRead;

    public async ValueTask<int> ReadAsync(Memory<float> samples, CancellationToken cancellationToken)
    {
        if (samples.Length == 0) return 0;
        int most = Math.Min(bytes.Length, samples.Length * sizeof(float));
        while (kept < sizeof(float))
        {
            int count = await stream.ReadAsync(bytes.AsMemory(kept, most - kept), cancellationToken).ConfigureAwait(false);
            if (count == 0) return kept == 0 ? 0 : throw Unusable("breaks off inside a sample");
            kept += count;
        }

        int whole = kept / sizeof(float);
        MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, whole * sizeof(float))).CopyTo(samples.Span);
        foreach (float sample in samples.Span[..whole])
            if (SampleRange.Expected(sample) is { } expected) throw Unusable($"has a sample that is {sample}, expected {expected}");
        samplesRead += whole;
        bytes.AsSpan(whole * sizeof(float), kept -= whole * sizeof(float)).CopyTo(bytes);
        return whole;
    }

    private MediaException Unusable(string why) =>
        new(MediaErrorCodes.UnsupportedMedia, $"{name}: the sound {why}, after {samplesRead} samples");
}
