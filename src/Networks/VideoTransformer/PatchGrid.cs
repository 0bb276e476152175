namespace Locutor.Networks.VideoTransformer;

/// <summary>How many tokens a video has along each axis.</summary>
public readonly record struct PatchGrid(long Frames, long Rows, long Columns)
{
    public long Tokens => Frames * Rows * Columns;

    public long TokensPerFrame => Rows * Columns;
}
