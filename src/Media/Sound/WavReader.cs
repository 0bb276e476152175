using System.Buffers.Binary;

namespace Locutor.Media.Sound;

/// <summary>Reads the WAV output of a local program: 16-bit mono. Files of users go through <see cref="AudioDecoder"/>.</summary>
public static class WavReader
{
    /// <summary>
    /// Reads a whole WAV. A program that writes to a pipe does not know the length of its data, so data may end before it.
    /// </summary>
    /// <exception cref="InvalidDataException">The bytes are not a 16-bit mono WAV.</exception>
    public static Waveform Read(ReadOnlySpan<byte> wav)
    {
        if (wav.Length < 12 || !wav.StartsWith("RIFF"u8) || !wav[8..12].SequenceEqual("WAVE"u8))
            throw new InvalidDataException($"expected a WAV, found {wav.Length} bytes of something else");
        int rate = 0;
        for (int at = 12; at + 8 <= wav.Length;)
        {
            var kind = wav.Slice(at, 4);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(wav[(at + 4)..]);
            var content = wav[(at + 8)..(int)Math.Min(wav.Length, at + 8 + length)];
            if (kind.SequenceEqual("fmt "u8)) rate = Rate(content);
            if (kind.SequenceEqual("data"u8) && rate > 0) return new Waveform(rate, Samples(content));
            at = (int)Math.Min(wav.Length, at + 8 + length + length % 2);
        }
        throw new InvalidDataException("the WAV has no sound");
    }

    private static int Rate(ReadOnlySpan<byte> format)
    {
        if (format.Length < 16) throw new InvalidDataException("the WAV ends in its header");
        int coding = BinaryPrimitives.ReadInt16LittleEndian(format), channels = BinaryPrimitives.ReadInt16LittleEndian(format[2..]),
            bits = BinaryPrimitives.ReadInt16LittleEndian(format[14..]);
        int rate = BinaryPrimitives.ReadInt32LittleEndian(format[4..]);
        return coding == 1 && channels == 1 && bits == 16 && rate > 0
            ? rate
            : throw new InvalidDataException($"expected 16-bit mono, found coding {coding}, {channels} channels, {bits} bits, {rate} Hz");
    }

    private static float[] Samples(ReadOnlySpan<byte> content)
    {
        float[] samples = new float[content.Length / 2];
        for (int i = 0; i < samples.Length; i++) samples[i] = BinaryPrimitives.ReadInt16LittleEndian(content[(2 * i)..]) / 32768f;
        return samples;
    }
}
