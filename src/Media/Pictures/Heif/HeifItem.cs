namespace Locutor.Media.Pictures.Heif;

/// <summary>A property of an item: type and content of its box.</summary>
internal sealed record HeifProperty(string Type, byte[] Content);

/// <summary>A picture, tile or grid in an HEIF file.</summary>
/// <param name="Type">Item type, such as <c>hvc1</c> or <c>grid</c>.</param>
internal sealed record HeifItem(string Type)
{
    /// <summary>Properties in the order in which they apply.</summary>
    public List<HeifProperty> Properties { get; } = [];

    /// <summary>Position of the item's bytes, in the file or in the data of the meta box.</summary>
    public List<(long Offset, long Length)> Extents { get; } = [];

    public bool InMeta { get; set; }

    /// <summary>Ids of the items that form this item, in order.</summary>
    public List<uint> Parts { get; } = [];

    public byte[]? Property(string type) => Properties.Find(p => p.Type == type)?.Content;

    /// <summary>Stored size in pixels, before rotation and cropping; 0 x 0 if the file does not specify it.</summary>
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
