namespace Locutor.Generation.Pictures;

/// <summary>Rows <paramref name="Top"/> to <paramref name="Bottom"/> and columns <paramref name="Left"/> to <paramref name="Right"/>, the last ones not included.</summary>
public readonly record struct PixelRegion(int Top, int Left, int Bottom, int Right)
{
    public bool IsEmpty => Bottom <= Top || Right <= Left;
}
