using Locutor.Kernels;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Rotary position embedding (Su et al., arXiv:2104.09864): pairs of neighbouring channels are turned by position x frequency.
/// Angles are computed in float64 and kept as complex float32.
/// </summary>
public sealed class RotaryTable : IDisposable
{
    private const double Base = 10000;

    private RotaryTable(Tensor turns) => Turns = turns;

    /// <summary>Three axes (frame, row, column) sharing the channels of a head: D - 4 (D / 6), 2 (D / 6), 2 (D / 6).</summary>
    /// <param name="headWidth">D.</param>
    /// <param name="grid">Tokens along frames, rows and columns.</param>
    public static RotaryTable OverVideo(long headWidth, PatchGrid grid, Device device)
    {
        using var scope = NewDisposeScope();
        long side = 2 * (headWidth / 6);
        var frame = Angles(grid.Frames, headWidth - 2 * side).view(grid.Frames, 1, 1, -1).expand(grid.Frames, grid.Rows, grid.Columns, -1);
        var row = Angles(grid.Rows, side).view(1, grid.Rows, 1, -1).expand(grid.Frames, grid.Rows, grid.Columns, -1);
        var column = Angles(grid.Columns, side).view(1, 1, grid.Columns, -1).expand(grid.Frames, grid.Rows, grid.Columns, -1);
        var angles = cat([frame, row, column], -1).view(1, 1, grid.Tokens, headWidth / 2);
        return new RotaryTable(Complex(angles).to(device).DetachFromDisposeScope());
    }

    /// <summary>One axis, at any real positions.</summary>
    /// <param name="positions">[L]</param>
    public static RotaryTable AtPositions(long headWidth, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var angles = outer(positions.to(ScalarType.Float64), Frequencies(headWidth).to(positions.device)).view(1, 1, -1, headWidth / 2);
        return new RotaryTable(Complex(angles).DetachFromDisposeScope());
    }

    /// <param name="x">[B, H, L, D]</param>
    /// <returns>The same shape and type, every pair turned.</returns>
    public Tensor Apply(Tensor x) => RmsRotary.Turned(x, Turns);

    /// <summary>Complex float32 [1, 1, L, D / 2].</summary>
    internal Tensor Turns { get; }

    public void Dispose() => Turns.Dispose();

    private static Tensor Frequencies(long width) =>
        tensor(Base, ScalarType.Float64).pow(arange(0, width, 2, ScalarType.Float64) / -width);

    private static Tensor Angles(long count, long width) => outer(arange(count, ScalarType.Float64), Frequencies(width));

    private static Tensor Complex(Tensor angles) => polar(ones_like(angles), angles).to(ScalarType.ComplexFloat32);
}
