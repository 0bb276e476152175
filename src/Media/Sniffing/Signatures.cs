using System.Text;

namespace Locutor.Media.Sniffing;

/// <summary>Containers that have a constant signature at the start.</summary>
internal static class Signatures
{
    private static readonly (byte[] Magic, MediaContainer Container)[] Known =
    [
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], MediaContainer.Png),
        ([0xFF, 0xD8, 0xFF], MediaContainer.Jpeg),
        (Bytes("GIF87a"), MediaContainer.Gif),
        (Bytes("GIF89a"), MediaContainer.Gif),
        ([0x49, 0x49, 0x2A, 0x00], MediaContainer.Tiff),
        ([0x4D, 0x4D, 0x00, 0x2A], MediaContainer.Tiff),
        ([0x49, 0x49, 0x2B, 0x00], MediaContainer.Tiff), // BigTIFF, with 64-bit offsets
        ([0x4D, 0x4D, 0x00, 0x2B], MediaContainer.Tiff),
        ([0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A], MediaContainer.Jpeg2000),
        ([0xFF, 0x4F, 0xFF, 0x51], MediaContainer.Jpeg2000),
        ([0, 0, 0, 12, 0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A, 0x87, 0x0A], MediaContainer.JpegXl),
        ([0xFF, 0x0A], MediaContainer.JpegXl),
        (Bytes("8BPS\0\u0001"), MediaContainer.Photoshop),
        (Bytes("qoif"), MediaContainer.Qoi),
        ([0x01, 0xDA, 0x01], MediaContainer.Sgi),
        ([0x01, 0xDA, 0x00], MediaContainer.Sgi),
        ([0x59, 0xA6, 0x6A, 0x95], MediaContainer.SunRaster),
        ([0x1A, 0x45, 0xDF, 0xA3], MediaContainer.Matroska),
        ([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9], MediaContainer.Asf),
        ([0x00, 0x00, 0x01, 0xBA], MediaContainer.MpegProgram),
        ([0x00, 0x00, 0x01, 0xB3], MediaContainer.MpegVideo),
        ([0x00, 0x00, 0x01, 0xB0], MediaContainer.Mpeg4Video),
        ([0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11], MediaContainer.Wave64),
        ([0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02, 0x01, 0x01, 0x02], MediaContainer.Mxf),
        (Bytes("FLV\u0001"), MediaContainer.Flv),
        (Bytes("OggS"), MediaContainer.Ogg),
        (Bytes("fLaC"), MediaContainer.Flac),
        (Bytes("caff"), MediaContainer.CoreAudio),
        (Bytes("#!AMR"), MediaContainer.Amr),
        (Bytes(".snd"), MediaContainer.Au),
        (Bytes("Creative Voice File"), MediaContainer.Voc),
        (Bytes("DSD "), MediaContainer.Dsf),
        (Bytes("TTA1"), MediaContainer.TrueAudio),
        (Bytes("wvpk"), MediaContainer.WavPack),
        (Bytes("MAC "), MediaContainer.Monkey),
        (Bytes("MP+"), MediaContainer.Musepack7),
        (Bytes("MPCK"), MediaContainer.Musepack8),
        (Bytes("tBaK"), MediaContainer.Tak),
        (Bytes(".RMF"), MediaContainer.RealMedia),
        (Bytes("DKIF"), MediaContainer.Ivf),
        (Bytes("nut/multimedia container\0"), MediaContainer.Nut),
        (Bytes("YUV4MPEG2 "), MediaContainer.Y4m),
        ([0x7F, 0xFE, 0x80, 0x01], MediaContainer.Dts),
    ];

    public static MediaContainer? Find(ReadOnlySpan<byte> header)
    {
        foreach (var (magic, container) in Known)
        {
            if (header.StartsWith(magic)) return container;
        }
        return null;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
