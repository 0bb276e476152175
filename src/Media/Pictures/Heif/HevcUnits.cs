namespace Locutor.Media.Pictures.Heif;

/// <summary>Converts an HEVC picture of an HEIF file (ISO/IEC 14496-15) to the byte stream format of decoders.</summary>
internal static class HevcUnits
{
    private static ReadOnlySpan<byte> StartCode => [0, 0, 0, 1];

    /// <summary>Appends the parameter sets of a configuration.</summary>
    public static void WriteParameters(byte[] configuration, Stream to)
    {
        var reader = new BoxReader(configuration);
        reader.Take(22);
        int arrays = reader.Byte();
        for (int i = 0; i < arrays; i++)
        {
            reader.Take(1);
            int units = reader.UInt16();
            for (int unit = 0; unit < units; unit++) Write(reader.Take(reader.UInt16()), to);
        }
    }

    /// <summary>Appends the slices of one picture.</summary>
    public static void WritePicture(byte[] configuration, ReadOnlySpan<byte> picture, Stream to)
    {
        int lengthSize = (configuration[21] & 3) + 1;
        var reader = new BoxReader(picture);
        while (!reader.AtEnd)
        {
            ulong length = reader.Number(lengthSize);
            Write(reader.Take((long)Math.Min(length, int.MaxValue)), to);
        }
    }

    private static void Write(ReadOnlySpan<byte> unit, Stream to)
    {
        to.Write(StartCode);
        to.Write(unit);
    }
}
