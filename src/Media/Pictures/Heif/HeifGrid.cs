using Locutor.Media.Files;

namespace Locutor.Media.Pictures.Heif;

/// <summary>Tiles of equal size that form one picture, row by row; the last row and column are cropped to the picture's size.</summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns.</param>
/// <param name="Width">Width of the picture in pixels.</param>
/// <param name="Height">Height of the picture in pixels.</param>
/// <param name="TileWidth">Width of a tile in pixels.</param>
/// <param name="TileHeight">Height of a tile in pixels.</param>
/// <param name="Tiles">Rows x Columns items.</param>
internal sealed record HeifGrid(int Rows, int Columns, int Width, int Height, int TileWidth, int TileHeight, IReadOnlyList<HeifItem> Tiles)
{
    public static HeifGrid Single(MediaFile file, HeifItem item)
    {
        var (width, height) = Side(file, item);
        return new HeifGrid(1, 1, width, height, width, height, [item]);
    }

    public static HeifGrid Read(MediaFile file, HeifFile heif, HeifItem item)
    {
        var reader = new BoxReader(heif.Data(item));
        reader.Take(1);
        int size = (reader.Byte() & 1) == 1 ? 4 : 2, rows = reader.Byte() + 1, columns = reader.Byte() + 1;
        ulong width = reader.Number(size), height = reader.Number(size);
        var tiles = heif.PartsOf(item);
        if (tiles.Count != rows * columns) throw file.Damaged($"a grid of {rows * columns} tiles, found {tiles.Count}");
        var (tileWidth, tileHeight) = Side(file, tiles[0]);
        if (((long)width, (long)height) != item.Size || width > (ulong)tileWidth * (ulong)columns
            || height > (ulong)tileHeight * (ulong)rows)
        {
            throw file.Damaged($"{columns}x{rows} tiles of {tileWidth}x{tileHeight} for {width}x{height} pixels");
        }
        return new HeifGrid(rows, columns, (int)width, (int)height, tileWidth, tileHeight, tiles);
    }

    /// <summary>Assembles the picture from decoded tiles.</summary>
    /// <param name="tiles">All tiles one after the other, rows of R, G, B.</param>
    public Picture Assemble(byte[] tiles)
    {
        if (Tiles.Count == 1 && (Width, Height) == (TileWidth, TileHeight)) return new Picture(Width, Height, tiles);
        byte[] rgb = new byte[3L * Width * Height];
        for (int y = 0; y < Height; y++)
        {
            for (int column = 0; column < Columns; column++)
            {
                int left = column * TileWidth, count = Math.Min(TileWidth, Width - left);
                if (count <= 0) break;
                long tile = (long)(y / TileHeight * Columns + column) * TileHeight + y % TileHeight;
                tiles.AsSpan((int)(3 * tile * TileWidth), 3 * count).CopyTo(rgb.AsSpan((int)(3 * ((long)y * Width + left))));
            }
        }
        return new Picture(Width, Height, rgb);
    }

    private static (int Width, int Height) Side(MediaFile file, HeifItem item)
    {
        var (width, height) = item.Size;
        return width is > 0 and <= 65_535 && height is > 0 and <= 65_535
            ? ((int)width, (int)height)
            : throw file.Damaged($"a tile of {width}x{height} pixels");
    }
}
