using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Locutor.Media.Video;

/// <summary>
/// A machine-readable label for videos made by a trained model: the IPTC Digital Source Type in an XMP packet. It is in a <c>uuid</c> box
/// at the top level of an mp4 or mov (XMP Specification Part 3, "MPEG-4"), in an extension of a GIF, and in tags of Matroska and WebM.
/// </summary>
/// <param name="Program">Name and version of the program.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Seed">Seed of the random numbers.</param>
public sealed record SyntheticMediaLabel(string Program, string Model, long Seed)
{
    /// <summary>IPTC code, see https://cv.iptc.org/newscodes/digitalsourcetype/.</summary>
    public const string DigitalSourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

    private const int LongestPacket = 1 << 20;
    private static readonly byte[] XmpUuid = Convert.FromHexString("BE7ACFCB97A942E89C71999491E3AFAC");
    private static readonly byte[] CredentialsUuid = Convert.FromHexString("D8FEC3D61B0E483C92975828877EC481"); // C2PA 2.1, A.5
    private static readonly XNamespace Rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    private static readonly XNamespace Meta = "adobe:ns:meta/";
    private static readonly XNamespace Xmp = "http://ns.adobe.com/xap/1.0/";
    private static readonly XNamespace Iptc = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
    private static readonly XNamespace Own = "urn:locutor:xmp/1.0/";

    /// <summary>One line for users, written as the file's comment.</summary>
    internal string Comment =>
        OneLine.From(
            $"Synthetic media ({DigitalSourceType}), made by {Program}, model {Model}, seed {Seed.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Reads the label of an mp4 file; null if it has none.</summary>
    /// <exception cref="MediaException">The file cannot be read, or its label is not valid XMP.</exception>
    public static SyntheticMediaLabel? Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return FindBox(file, XmpUuid, LongestPacket) is { } packet ? Parse(packet) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: cannot be read ({e.Message})", e);
        }
        catch (XmlException e)
        {
            throw new MediaException(MediaErrorCodes.UnsupportedMedia, $"{path}: its XMP packet cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Whether an mp4 file has Content Credentials (C2PA). They are not verified.</summary>
    /// <exception cref="MediaException">The file cannot be read.</exception>
    public static bool HasContentCredentials(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return FindBox(file, CredentialsUuid, long.MaxValue) is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MediaException(MediaErrorCodes.FetchFailed, $"{path}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Returns the label as ffmpeg metadata arguments, for formats without boxes.</summary>
    internal string[] ToMetadata() => ["-metadata", $"comment={Comment}", "-metadata", $"DIGITAL_SOURCE_TYPE={DigitalSourceType}"];

    /// <summary>
    /// Returns the end of a GIF, which replaces its last byte: the XMP packet in an application extension (XMP Specification Part 3,
    /// "GIF").
    /// </summary>
    internal byte[] ToGifEnd()
    {
        // Readers without XMP support find the end by this trailer.
        byte[] trailer = [1, .. Enumerable.Range(0, 256).Select(i => (byte)(255 - i)), 0];
        return [0x21, 0xFF, 11, .. "XMP DataXMP"u8, .. ToPacket(), .. trailer, 0x3B];
    }

    /// <summary>Adds the label to a finished file. Matroska and WebM have it as metadata, which the encoder writes.</summary>
    internal async Task AddToAsync(string path, VideoFormat format, CancellationToken cancellationToken)
    {
        if (!format.HasBoxes && format != VideoFormat.Gif) return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = format == VideoFormat.Gif ? file.Length - 1 : file.Length;
        await file.WriteAsync(format == VideoFormat.Gif ? ToGifEnd() : ToBox(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns the complete uuid box.</summary>
    internal byte[] ToBox()
    {
        byte[] text = ToPacket(), size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, 8 + XmpUuid.Length + text.Length);
        return [.. size, .. "uuid"u8, .. XmpUuid, .. text];
    }

    private byte[] ToPacket()
    {
        var description = new XElement(
            Rdf + "Description",
            new XAttribute(Rdf + "about", ""),
            new XAttribute(XNamespace.Xmlns + "Iptc4xmpExt", Iptc),
            new XAttribute(XNamespace.Xmlns + "xmp", Xmp),
            new XAttribute(XNamespace.Xmlns + "locutor", Own),
            new XElement(Iptc + "DigitalSourceType", DigitalSourceType),
            new XElement(Xmp + "CreatorTool", Clean(Program)),
            new XElement(Own + "Model", Clean(Model)),
            new XElement(Own + "Seed", Seed));
        var meta = new XElement(
            Meta + "xmpmeta",
            new XAttribute(XNamespace.Xmlns + "x", Meta),
            new XElement(Rdf + "RDF", new XAttribute(XNamespace.Xmlns + "rdf", Rdf), description));
        string packet = $"<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n{meta}\n<?xpacket end=\"r\"?>";
        return Encoding.UTF8.GetBytes(packet);
    }

    /// <summary>Removes characters that XML cannot represent.</summary>
    private static string Clean(string text) =>
        OneLine.From(string.Concat(text.EnumerateRunes().Where(r => !r.IsBmp || XmlConvert.IsXmlChar((char)r.Value))));

    /// <summary>
    /// Returns the content of a <c>uuid</c> box at the top level of an mp4, at most its first MiB; null if there is none that is short
    /// enough.
    /// </summary>
    private static byte[]? FindBox(FileStream file, byte[] uuid, long longest)
    {
        byte[] head = new byte[16];
        for (long at = 0; at + 8 <= file.Length;)
        {
            file.Position = at;
            int headLength = file.ReadAtLeast(head, 16, throwOnEndOfStream: false) < 16 ? 8 : 16;
            long size = BinaryPrimitives.ReadUInt32BigEndian(head), content = at + 8;
            if (size == 1 && headLength == 16) (size, content) = (BinaryPrimitives.ReadInt64BigEndian(head.AsSpan(8)), at + 16);
            if (size == 0) size = file.Length - at; // the box extends to the end of the file
            if (size < content - at || size > file.Length - at) return null;
            long length = at + size - content - uuid.Length;
            if (head.AsSpan(4, 4).SequenceEqual("uuid"u8) && length > 0 && length <= longest)
            {
                file.Position = content;
                byte[] box = new byte[Math.Min(length, LongestPacket) + uuid.Length];
                file.ReadExactly(box);
                if (box.AsSpan().StartsWith(uuid)) return box[uuid.Length..];
            }
            at += size;
        }
        return null;
    }

    private static SyntheticMediaLabel? Parse(byte[] packet)
    {
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        string text = Encoding.UTF8.GetString(packet).Trim('\0', '\uFEFF', ' ', '\n');
        using var reader = XmlReader.Create(new StringReader(text), settings);
        var root = XDocument.Load(reader).Root!;
        string? Value(XName name) => root.Descendants(name).FirstOrDefault()?.Value;
        if (Value(Iptc + "DigitalSourceType") != DigitalSourceType) return null;
        _ = long.TryParse(Value(Own + "Seed"), CultureInfo.InvariantCulture, out long seed);
        return new SyntheticMediaLabel(Value(Xmp + "CreatorTool") ?? "", Value(Own + "Model") ?? "", seed);
    }
}
