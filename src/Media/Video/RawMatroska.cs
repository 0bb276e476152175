using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Video;

/// <summary>
/// Builds one live Matroska stream (RFC 9559) of raw frames and their audio, so that ffmpeg gets both through its standard input. ffmpeg
/// can then read ahead of neither, and the audio ends exactly with the frames.
/// </summary>
internal static class RawMatroska
{
    private const ulong Unknown = 0x01FF_FFFF_FFFF_FFFF;
    private const byte VideoTrack = 1, SoundTrack = 2;

    /// <summary>Returns all bytes before the first frame.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="framesPerSecond">Frame rate, at least 1.</param>
    /// <param name="sampleRate">Sample rate of 32-bit float audio in Hz; 0 for no audio.</param>
    /// <param name="channels">Number of interleaved channels.</param>
    public static byte[] Header(int width, int height, int framesPerSecond, int sampleRate, int channels)
    {
        byte[] ebml = Element(
            0x1A45DFA3, Number(0x4286, 1), Number(0x42F7, 1), Number(0x42F2, 4), Number(0x42F3, 8), Element(0x4282, "matroska"u8.ToArray()),
            Number(0x4287, 4), Number(0x4285, 2));
        byte[] video = Element(
            0xAE, Number(0xD7, VideoTrack), Number(0x73C5, VideoTrack), Number(0x83, 1), Element(0x86, "V_UNCOMPRESSED"u8.ToArray()),
            Number(0x23E383, (ulong)(1_000_000_000 / framesPerSecond)),
            Element(0xE0, Number(0xB0, (ulong)width), Number(0xBA, (ulong)height), Element(0x2EB524, [.. "RGB"u8, 24])));
        byte[] rate = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(rate, sampleRate);
        byte[] sound = sampleRate == 0 ? [] : Element(
            0xAE, Number(0xD7, SoundTrack), Number(0x73C5, SoundTrack), Number(0x83, 2),
            Element(0x86, Encoding.ASCII.GetBytes("A_PCM/FLOAT/IEEE")),
            Element(0xE1, Element(0xB5, rate), Number(0x9F, (ulong)channels), Number(0x6264, 32)));
        byte[] info = Element(0x1549A966, Number(0x2AD7B1, 1_000_000)); // times in milliseconds
        return [.. ebml, .. Id(0x18538067), .. Big(Unknown), .. info, .. Element(0x1654AE6B, video, sound)];
    }

    /// <summary>Returns the bytes before the pixels of a frame: the cluster header, the audio and the block header.</summary>
    /// <param name="milliseconds">Time of the frame.</param>
    /// <param name="sound">Audio samples; may be empty.</param>
    /// <param name="pixelBytes">Size in bytes of the frame that follows.</param>
    public static byte[] FrameHead(long milliseconds, ReadOnlySpan<byte> sound, int pixelBytes)
    {
        byte[] time = Number(0xE7, (ulong)milliseconds);
        byte[] soundBlock = sound.IsEmpty ? [] : [.. Id(0xA3), .. Size(sound.Length + 4L), .. BlockHead(SoundTrack), .. sound];
        byte[] videoBlock = [.. Id(0xA3), .. Size(pixelBytes + 4L), .. BlockHead(VideoTrack)];
        return [
            .. Id(0x1F43B675), .. Size(time.Length + soundBlock.Length + videoBlock.Length + (long)pixelBytes), .. time, .. soundBlock,
            .. videoBlock
        ];
    }

    /// <summary>Returns a block header: track, time within the cluster (0), key frame.</summary>
    private static byte[] BlockHead(byte track) => [(byte)(0x80 | track), 0, 0, 0x80];

    private static byte[] Number(uint id, ulong value) => Element(id, Big(value));

    private static byte[] Element(uint id, params byte[][] content) =>
        [.. Id(id), .. Size(content.Sum(part => (long)part.Length)), .. content.SelectMany(part => part)];

    private static byte[] Id(uint id) => [.. Big(id).SkipWhile(b => b == 0)];

    /// <summary>Encodes a length in 8 bytes, of which 56 bits are used.</summary>
    private static byte[] Size(long length) => Big((ulong)length | 1UL << 56);

    private static byte[] Big(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }
}
