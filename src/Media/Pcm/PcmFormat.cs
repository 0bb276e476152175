using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Locutor.Media.Pcm;

/// <summary>Format of interleaved little-endian samples without a header.</summary>
/// <param name="Coding">Type of a sample, as ffmpeg names it: one of <see cref="Codings"/>.</param>
/// <param name="SampleRate">Samples per second and channel.</param>
/// <param name="Channels">Number of channels, 1 or 2.</param>
public sealed record PcmFormat(string Coding, int SampleRate, int Channels)
{
    private const int LowestRate = 1000, HighestRate = 768_000;

    public static IReadOnlyList<string> Codings { get; } = ["s16le", "s24le", "s32le", "f32le"];

    /// <summary>The notation that <see cref="TryParse"/> expects, for messages.</summary>
    public static string Form { get; } =
        $"CODING:RATE or CODING:RATE:CHANNELS, such as s16le:24000, with one of {string.Join(", ", Codings)}, " +
        $"{LowestRate} to {HighestRate} Hz and 1 or 2 channels";

    /// <summary>Bytes of one sample of all channels.</summary>
    public int FrameBytes => Channels * SampleBytes;

    private int SampleBytes => Coding switch { "s16le" => 2, "s24le" => 3, _ => 4 };

    public bool IsValid => Codings.Contains(Coding) && SampleRate is >= LowestRate and <= HighestRate && Channels is 1 or 2;

    /// <summary>Reads a format such as <c>s16le:24000</c> or <c>f32le:48000:2</c>.</summary>
    /// <returns>Null if the text is no format.</returns>
    public static PcmFormat? TryParse(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length is < 2 or > 3 || !Whole(parts[1], out int rate)) return null;
        int channels = 1;
        if (parts.Length == 3 && !Whole(parts[2], out channels)) return null;
        var format = new PcmFormat(parts[0], rate, channels);
        return format.IsValid ? format : null;
    }

    /// <summary>Converts samples to 32-bit floats from -1 to 1.</summary>
    /// <param name="bytes">A whole number of samples.</param>
    public float[] ToFloats(ReadOnlySpan<byte> bytes)
    {
        if (Coding == "f32le") return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        float[] samples = new float[bytes.Length / SampleBytes];
        for (int i = 0; i < samples.Length; i++)
        {
            var sample = bytes.Slice(i * SampleBytes, SampleBytes);
            samples[i] = Coding switch
            {
                "s16le" => BinaryPrimitives.ReadInt16LittleEndian(sample) / 32768f,
                "s24le" => (sample[0] | sample[1] << 8 | (sbyte)sample[2] << 16) / 8388608f,
                _ => BinaryPrimitives.ReadInt32LittleEndian(sample) / 2147483648f,
            };
        }

        return samples;
    }

    private static bool Whole(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
