using Locutor.Kernels;
using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// The tokens of a clip that one device computes: all of them, or one of several ranges. Where all tokens attend to all, each device
/// computes all tokens of some heads: an all-to-all exchange turns ranges of tokens into groups of heads before the attention, and back
/// after it (DeepSpeed-Ulysses, arXiv:2309.14509). With one device, every method returns its argument.
/// </summary>
public sealed class TokenShare
{
    private readonly IReadOnlyList<TokenRange> ranges;
    private readonly Exchange? exchange;

    private TokenShare(PatchGrid grid, IReadOnlyList<TokenRange> ranges, Exchange? exchange) =>
        (Grid, this.ranges, this.exchange) = (grid, ranges, exchange);

    /// <summary>All tokens of the clip.</summary>
    public PatchGrid Grid { get; }

    /// <summary>The tokens of this device.</summary>
    public TokenRange Range => ranges[exchange?.Member ?? 0];

    /// <summary>Whether this device computes all tokens.</summary>
    public bool IsWhole => exchange is null;

    /// <summary>Whether the parts of quantised heads can be joined, because every range begins with a tile of keys.</summary>
    public bool HasWholeTiles => ranges.All(range => range.Start % PlainEightBitAttention.Tile == 0);

    /// <summary>Number of devices.</summary>
    private int Devices => ranges.Count;

    /// <summary>Creates the share of a device that computes all tokens.</summary>
    public static TokenShare Whole(PatchGrid grid) => new(grid, TokenRange.Split(grid, 1), null);

    /// <summary>Creates the share of one of several devices.</summary>
    /// <param name="grid">All tokens of the clip.</param>
    /// <param name="ranges">Tokens of every device.</param>
    /// <param name="exchange">This device's side of the exchange.</param>
    public static TokenShare From(PatchGrid grid, IReadOnlyList<TokenRange> ranges, Exchange exchange) => new(grid, ranges, exchange);

    /// <summary>Returns this device's part of a tensor of all tokens.</summary>
    /// <param name="x">A tensor with the tokens along <paramref name="axis"/>.</param>
    public Tensor Own(Tensor x, int axis) => IsWhole ? x : x.narrow(axis, Range.Start, Range.Count);

    /// <summary>Starts to exchange tokens for heads. The result is filled after <see cref="Arrive"/>.</summary>
    /// <param name="x">[B, H, own tokens, D]</param>
    /// <returns>[B, own heads, all tokens, D]</returns>
    public Tensor ToHeads(Tensor x) => exchange is null ? x : exchange.Start(x.transpose(1, 2), 2, Parts(x.shape[1]), 1).transpose(1, 2);

    /// <summary>
    /// Starts to exchange tokens for heads in 8 bits; <see cref="HasWholeTiles"/> must be true. The result is filled after
    /// <see cref="Arrive"/>.
    /// </summary>
    /// <param name="x">Own tokens of all heads.</param>
    /// <returns>All tokens of own heads.</returns>
    public QuantisedHeads ToHeads(QuantisedHeads x)
    {
        return exchange is null ? x : new(Exchanged(x.Bytes), Exchanged(x.Scales), x.Batch, x.Heads / Devices, Grid.Tokens);

        // [B * H, rows, ..]
        Tensor Exchanged(Tensor all) => exchange.Start(all.unflatten(0, [x.Batch, x.Heads]), 1, Parts(x.Heads), 2).flatten(0, 1);
    }

    /// <summary>Makes later work wait for the results of <see cref="ToHeads(Tensor)"/>.</summary>
    public void Arrive() => exchange?.Arrive();

    /// <summary>Exchanges heads for tokens.</summary>
    /// <param name="x">[B, all tokens, own heads * D]</param>
    /// <returns>[B, own tokens, H * D]</returns>
    public Tensor ToTokens(Tensor x)
    {
        if (exchange is null) return x;
        var tokens = exchange.Start(x, 1, [.. ranges.Select(range => (range.Start, range.Count))], 2);
        exchange.Arrive();
        return tokens;
    }

    /// <summary>
    /// Exchanges heads for tokens while they are computed: first the tokens of the other devices, which are copied while this device
    /// computes its own. There must be several devices.
    /// </summary>
    /// <param name="shape">Shape of the computed tensor: [B, all tokens, own heads * D].</param>
    /// <param name="type">Type of the computed tensor.</param>
    /// <param name="device">This device.</param>
    /// <param name="compute">Computes some tokens.</param>
    /// <returns>[B, own tokens, H * D]</returns>
    public Tensor ToTokens(long[] shape, ScalarType type, Device device, Action<AttentionRows> compute)
    {
        var heads = empty(shape, type, device);
        compute(new(heads, (Range.Start + Range.Count) % Grid.Tokens, Grid.Tokens - Range.Count));
        var (tokens, own) = exchange!.StartWithoutOwn(heads, 1, [.. ranges.Select(range => (range.Start, range.Count))], 2);
        using (own) compute(new(own, Range.Start, Range.Count, Range.Start));
        exchange.Arrive();
        return tokens;
    }

    /// <summary>Joins the tokens of all devices.</summary>
    /// <param name="x">[B, own tokens, C]</param>
    /// <returns>[B, all tokens, C]</returns>
    public Tensor Gather(Tensor x) => exchange is null ? x : exchange.Gather(x, 1);

    /// <summary>
    /// Starts to collect a tensor of every device: [devices, ..]. The result is filled after <see cref="Arrive"/>.
    /// </summary>
    public Tensor StartCollecting(Tensor x) => exchange is null ? x.unsqueeze(0) : exchange.StartGather(x.unsqueeze(0), 0);

    /// <summary>Averages a tensor over all devices.</summary>
    public Tensor Mean(Tensor x) => exchange is null ? x : exchange.Sum(x) / Devices;

    /// <summary>Each device's equal part of the heads.</summary>
    private (long From, long Length)[] Parts(long heads) =>
        [.. Enumerable.Range(0, Devices).Select(i => (i * (heads / Devices), heads / Devices))];
}
