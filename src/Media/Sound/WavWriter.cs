using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Sound;

/// <summary>Writes a WAV file of 16-bit mono samples, with a comment that players and ffprobe show.</summary>
public sealed class WavWriter : IDisposable
{
    private const int BytesPerSample = 2;
    private readonly FileStream file;
    private readonly long dataStart;

    /// <summary>Creates the file.</summary>
    /// <param name="path">Path of a file that does not exist.</param>
    /// <param name="sampleRate">Sample rate in Hz.</param>
    /// <param name="comment">One line, such as a label that says that the sound is synthetic.</param>
    public WavWriter(string path, int sampleRate, string comment)
    {
        SampleRate = sampleRate;
        file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        file.Write(Head(sampleRate, comment));
        dataStart = file.Length;
    }

    public int SampleRate { get; }

    /// <summary>Samples written so far.</summary>
    public long Samples => (file.Length - dataStart) / BytesPerSample;

    /// <summary>Appends samples; full scale is -1 to 1, and louder ones are clipped.</summary>
    public void Append(ReadOnlySpan<float> samples)
    {
        byte[] bytes = new byte[samples.Length * BytesPerSample];
        for (int i = 0; i < samples.Length; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(
                bytes.AsSpan(i * BytesPerSample), (short)Math.Clamp(MathF.Round(samples[i] * 32767), short.MinValue, short.MaxValue));
        }
        file.Write(bytes);
    }

    /// <summary>Appends silence up to a length; without effect if the file is longer.</summary>
    public void PadTo(double seconds)
    {
        long missing = (long)Math.Round(seconds * SampleRate) - Samples;
        if (missing <= 0) return;
        file.SetLength(file.Length + missing * BytesPerSample);
        file.Position = file.Length;
    }

    /// <summary>Writes the lengths into the header and closes the file.</summary>
    public void Dispose()
    {
        Write(4, file.Length - 8);
        Write(dataStart - 4, file.Length - dataStart);
        file.Dispose();
    }

    private void Write(long position, long value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)Math.Min(value, uint.MaxValue));
        file.Position = position;
        file.Write(bytes);
    }

    private static byte[] Head(int sampleRate, string comment)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("RIFF\0\0\0\0WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1); // PCM
        writer.Write((short)1); // channels
        writer.Write(sampleRate);
        writer.Write(sampleRate * BytesPerSample);
        writer.Write((short)BytesPerSample);
        writer.Write((short)(8 * BytesPerSample));
        byte[] text = [.. Encoding.UTF8.GetBytes(OneLine.From(comment)), 0];
        if (text.Length % 2 != 0) text = [.. text, 0]; // chunks have even lengths
        writer.Write("LIST"u8);
        writer.Write(4 + 8 + text.Length);
        writer.Write("INFOICMT"u8);
        writer.Write(text.Length);
        writer.Write(text);
        writer.Write("data\0\0\0\0"u8);
        return stream.ToArray();
    }
}
