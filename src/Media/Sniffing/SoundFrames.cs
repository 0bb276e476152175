using System.Buffers.Binary;

namespace Locutor.Media.Sniffing;

/// <summary>Detects audio that is a sequence of frames without a container: MP3, AAC (ADTS and LATM), AC-3.</summary>
/// <remarks>
/// Such a file can start anywhere, so a partial frame or zeros may precede the first complete frame. Unless the first byte starts a frame,
/// a sequence of several adjacent frames is required.
/// </remarks>
internal static class SoundFrames
{
    private const int Run = 4;

    private static readonly int[] Mpeg1Layer3 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    private static readonly int[] Mpeg2Layer3 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    private static readonly int[] SampleRates = [44100, 48000, 32000];

    public static MediaContainer? Find(ReadOnlySpan<byte> header)
    {
        if (header.StartsWith("ID3"u8) && header.Length > 10)
        {
            int tag = 10 + ((header[6] & 0x7F) << 21 | (header[7] & 0x7F) << 14 | (header[8] & 0x7F) << 7 | (header[9] & 0x7F));
            // A file with a long tag is nearly always MP3; otherwise the demuxer refuses it.
            if (tag + 4 > header.Length) return MediaContainer.Mp3;
            return Tagged(header[tag..]);
        }
        if (AtStart(header) is { } first) return first;
        for (int at = 1; at + 4 < header.Length; at++)
        {
            if (header[at] == 0xFF && RunAt(header[at..]) is { } container) return container;
        }
        return null;
    }

    private static MediaContainer Tagged(ReadOnlySpan<byte> header)
    {
        if (header.StartsWith("fLaC"u8)) return MediaContainer.Flac;
        if (header.StartsWith("TTA1"u8)) return MediaContainer.TrueAudio;
        if (header.StartsWith("MAC "u8)) return MediaContainer.Monkey;
        return AtStart(header) ?? MediaContainer.Mp3;
    }

    private static MediaContainer? AtStart(ReadOnlySpan<byte> header)
    {
        if (header.Length < 6) return null;
        if (header[0] == 0x0B && header[1] == 0x77)
            return header[5] >> 3 is var id && id <= 10 ? MediaContainer.Ac3 : id <= 16 ? MediaContainer.Eac3 : null;
        if (header[0] == 0x56 && header[1] >> 5 == 7) return Latm(header);
        if (header[0] != 0xFF || (header[1] & 0xE0) != 0xE0) return null;
        int layer = header[1] >> 1 & 3, version = header[1] >> 3 & 3, bitRate = header[2] >> 4, sampleRate = header[2] >> 2 & 3;
        if (layer == 0) return (header[1] & 0xF6) == 0xF0 && (header[2] >> 2 & 15) < 13 ? MediaContainer.Aac : null;
        return version != 1 && bitRate is > 0 and < 15 && sampleRate != 3 ? MediaContainer.Mp3 : null;
    }

    private static MediaContainer? Latm(ReadOnlySpan<byte> header)
    {
        int next = 3 + (BinaryPrimitives.ReadUInt16BigEndian(header[1..]) & 0x1FFF);
        return next + 1 < header.Length && header[next] == 0x56 && header[next + 1] >> 5 == 7 ? MediaContainer.Latm : null;
    }

    private static MediaContainer? RunAt(ReadOnlySpan<byte> header)
    {
        MediaContainer? kind = null;
        int at = 0;
        for (int frame = 0; frame < Run; frame++)
        {
            if (at + 6 > header.Length || AtStart(header[at..]) is not { } found || (kind is not null && found != kind)) return null;
            kind = found;
            int length = kind == MediaContainer.Mp3 ? Mp3Length(header[at..]) : kind == MediaContainer.Aac ? AdtsLength(header[at..]) : 0;
            if (length < 8) return null;
            at += length;
        }
        return kind;
    }

    private static int AdtsLength(ReadOnlySpan<byte> frame) => (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5;

    /// <summary>Returns the size of an MPEG layer 3 frame in bytes; 0 for the other layers.</summary>
    private static int Mp3Length(ReadOnlySpan<byte> frame)
    {
        int version = frame[1] >> 3 & 3, layer = frame[1] >> 1 & 3;
        if (layer != 1) return 0;
        int rate = SampleRates[frame[2] >> 2 & 3] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
        int bits = (version == 3 ? Mpeg1Layer3 : Mpeg2Layer3)[frame[2] >> 4] * 1000, pad = frame[2] >> 1 & 1;
        return (version == 3 ? 144 : 72) * bits / rate + pad;
    }
}
