using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Pictures;

/// <summary>Writes an ICC profile of version 2 (ICC.1:2001-04) for a display with three primaries in XYZ (D50) and one gamma.</summary>
internal static class MatrixProfile
{
    /// <summary>Adobe RGB (1998), which cameras use without embedding a profile.</summary>
    public static byte[] AdobeRgb { get; } = Write(
        "Adobe RGB (1998)", [0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457], 563 / 256.0);

    /// <summary>Returns the bytes of a profile.</summary>
    /// <param name="name">Name of the profile for users.</param>
    /// <param name="x">X of the red, green and blue primaries.</param>
    /// <param name="y">Y of the red, green and blue primaries.</param>
    /// <param name="z">Z of the red, green and blue primaries.</param>
    /// <param name="gamma">Gamma of all three channels.</param>
    public static byte[] Write(string name, double[] x, double[] y, double[] z, double gamma)
    {
        byte[] Column(int c) => [.. Type("XYZ "), .. Fixed(x[c]), .. Fixed(y[c]), .. Fixed(z[c])];
        byte[] curve = [.. Type("curv"), 0, 0, 0, 1, (byte)gamma, (byte)((int)Math.Round(gamma * 256) & 255), 0, 0];
        byte[] ascii = [.. Encoding.ASCII.GetBytes(name), 0];
        byte[] description = [.. Type("desc"), .. Number(ascii.Length), .. ascii, .. new byte[78 + 3 - ascii.Length % 4]];
        (string Tag, byte[] Data)[] tags =
        [
            ("desc", description), ("cprt", [.. Type("text"), .. "none\0\0\0\0"u8]),
            ("wtpt", [.. Type("XYZ "), .. Fixed(0.9642), .. Fixed(1), .. Fixed(0.8249)]),
            ("rXYZ", Column(0)), ("gXYZ", Column(1)), ("bXYZ", Column(2)), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
        ];
        var table = new List<byte>(Number(tags.Length));
        var data = new List<byte>();
        int start = 128 + 4 + 12 * tags.Length;
        foreach (var (tag, bytes) in tags)
        {
            table.AddRange([.. Encoding.ASCII.GetBytes(tag), .. Number(start + data.Count), .. Number(bytes.Length)]);
            data.AddRange(bytes);
            while (data.Count % 4 != 0) data.Add(0);
        }
        byte[] header = new byte[128];
        Number(start + data.Count).CopyTo(header, 0);
        header[8] = 2;
        "mntrRGB XYZ "u8.CopyTo(header.AsSpan(12));
        "acsp"u8.CopyTo(header.AsSpan(36));
        byte[] illuminant = [.. Fixed(0.9642), .. Fixed(1), .. Fixed(0.8249)];
        illuminant.CopyTo(header, 68);
        return [.. header, .. table, .. data];
    }

    private static byte[] Type(string name) => [.. Encoding.ASCII.GetBytes(name), 0, 0, 0, 0];

    private static byte[] Fixed(double value) => Number((int)Math.Round(value * 65536));

    private static byte[] Number(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
