namespace Locutor.Media.Tests;

/// <summary>Writes WAV files of 32-bit floats, well formed or not.</summary>
internal static class WavFile
{
    /// <param name="rate">Hz.</param>
    /// <param name="channels">Interleaved, without a layout.</param>
    /// <param name="samples">The number of samples of each channel.</param>
    /// <param name="value">Returns the value of sample n of channel c.</param>
    /// <param name="before">Chunks in front of the data.</param>
    /// <param name="length">The length that the data chunk declares; null for the true one.</param>
    public static byte[] Float(int rate, int channels, int samples, Func<int, int, float> value, byte[]? before = null, uint? length = null)
    {
        var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        int data = samples * channels * 4;
        writer.Write("RIFF"u8);
        writer.Write(length ?? (uint)(36 + data + (before?.Length ?? 0)));
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)3);
        writer.Write((short)channels);
        writer.Write(rate);
        writer.Write(rate * channels * 4);
        writer.Write((short)(channels * 4));
        writer.Write((short)32);
        writer.Write(before ?? []);
        writer.Write("data"u8);
        writer.Write(length ?? (uint)data);
        for (int n = 0; n < samples; n++)
        {
            for (int c = 0; c < channels; c++) writer.Write(value(n, c));
        }
        return bytes.ToArray();
    }

    /// <summary>A voice-like tone of 0.3, which swells and fades.</summary>
    public static float Voice(int n, int rate) =>
        (float)(0.3 * Math.Sin(2 * Math.PI * 220 * n / rate) * (0.6 + 0.4 * Math.Sin(2 * Math.PI * 3 * n / rate)));
}
