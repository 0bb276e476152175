using Locutor.Kernels;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Rotary position embedding (Su et al., arXiv:2104.09864): every pair of neighbouring channels is rotated by position * frequency. Angles
/// are computed in float64 and kept as complex float32.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, lines 42 and 54, at commit 0107cd9.
/// </summary>
public sealed class RotaryTable : IDisposable
{
    private const double Base = 10000;

    private RotaryTable(Tensor factors) => Factors = factors;

    /// <summary>Rotation factors, complex float32 [1, 1, L, D / 2].</summary>
    internal Tensor Factors { get; }

    /// <summary>
    /// Creates the table of a clip: frame, row and column share the channels of a head as D - 4 (D / 6), 2 (D / 6) and 2 (D / 6).
    /// </summary>
    /// <param name="headWidth">D.</param>
    /// <param name="grid">Tokens along frames, rows and columns.</param>
    /// <param name="device">Device of the table.</param>
    public static RotaryTable Create(long headWidth, PatchGrid grid, Device device) => new(Detached(() =>
    {
        long side = 2 * (headWidth / 6);
        var frame = Angles(grid.Frames, headWidth - 2 * side).view(grid.Frames, 1, 1, -1).expand(grid.Frames, grid.Rows, grid.Columns, -1);
        var row = Angles(grid.Rows, side).view(1, grid.Rows, 1, -1).expand(grid.Frames, grid.Rows, grid.Columns, -1);
        var column = Angles(grid.Columns, side).view(1, 1, grid.Columns, -1).expand(grid.Frames, grid.Rows, grid.Columns, -1);
        return Complex(cat([frame, row, column], -1).view(1, 1, grid.Tokens, headWidth / 2)).to(device);
    }));

    /// <summary>Creates a table over one axis. Positions are real numbers.</summary>
    /// <param name="headWidth">D.</param>
    /// <param name="positions">[L]</param>
    public static RotaryTable FromPositions(long headWidth, Tensor positions) => new(Detached(() =>
        Complex(outer(positions.to(ScalarType.Float64), Frequencies(headWidth).to(positions.device)).view(1, 1, -1, headWidth / 2))));

    /// <summary>Returns the table of some tokens.</summary>
    public RotaryTable Part(TokenRange tokens) => new(Detached(() => Factors.narrow(2, tokens.Start, tokens.Count)));

    /// <summary>Copies the table to a device.</summary>
    public RotaryTable To(Device device) => new(Detached(() => Factors.to(device, copy: true)));

    /// <summary>Rotates every pair of channels.</summary>
    /// <param name="x">[B, H, L, D]</param>
    /// <returns>[B, H, L, D], of the type of x.</returns>
    public Tensor Apply(Tensor x) => RmsRotary.Rotate(x, Factors);

    public void Dispose() => Factors.Dispose();

    private static Tensor Frequencies(long width) =>
        tensor(Base, ScalarType.Float64).pow(arange(0, width, 2, ScalarType.Float64) / -width);

    private static Tensor Angles(long count, long width) => outer(arange(count, ScalarType.Float64), Frequencies(width));

    private static Tensor Complex(Tensor angles) => polar(ones_like(angles), angles).to(ScalarType.ComplexFloat32);
}
