namespace Locutor.Media.Pictures.Heif;

/// <summary>One property of an item, as its box.</summary>
internal sealed record HeifProperty(string Type, byte[] Content);

/// <summary>One picture, tile or composition in an HEIF file.</summary>
/// <param name="Type">Such as <c>hvc1</c> or <c>grid</c>.</param>
internal sealed record HeifItem(string Type)
{
    /// <summary>In the order in which they apply.</summary>
    public List<HeifProperty> Properties { get; } = [];

    /// <summary>Where its bytes are: in the file, or in the meta box's own data.</summary>
    public List<(long Offset, long Length)> Extents { get; } = [];

    public bool InMeta { get; set; }

    /// <summary>Items that it is composed of, in order.</summary>
    public List<uint> Parts { get; } = [];

    public byte[]? Property(string type) => Properties.Find(p => p.Type == type)?.Content;

    /// <summary>Pixels as stored, before it is turned or cropped; 0 x 0 where the file does not say.</summary>
    public (long Width, long Height) Size
    {
        get
        {
            if (Property("ispe") is not { Length: >= 12 } size) return (0, 0);
            var reader = new BoxReader(size.AsSpan(4));
            return (reader.UInt32(), reader.UInt32());
        }
    }
}
