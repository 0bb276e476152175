namespace Locutor.Networks.VideoTransformer;

/// <summary>Number of tokens of a clip along each axis.</summary>
/// <param name="Frames">Latent frames.</param>
/// <param name="Rows">Patches along the height.</param>
/// <param name="Columns">Patches along the width.</param>
public readonly record struct PatchGrid(long Frames, long Rows, long Columns)
{
    /// <summary>Tokens of the clip.</summary>
    public long Tokens => Frames * Rows * Columns;

    /// <summary>Tokens of one latent frame.</summary>
    public long TokensPerFrame => Rows * Columns;
}
