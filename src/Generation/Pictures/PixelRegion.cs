namespace Locutor.Generation.Pictures;

/// <summary>
/// A region of pixels: rows <paramref name="Top"/> to <paramref name="Bottom"/> and columns <paramref name="Left"/> to
/// <paramref name="Right"/>; Bottom and Right are exclusive.
/// </summary>
public readonly record struct PixelRegion(int Top, int Left, int Bottom, int Right)
{
    public bool IsEmpty => Bottom <= Top || Right <= Left;

    /// <summary>Returns the region moved by some pixels.</summary>
    public PixelRegion Moved(int down, int right) => new(Top + down, Left + right, Bottom + down, Right + right);
}
