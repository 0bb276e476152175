using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>A ceiling: the rate that the device reached with one operation at its best size.</summary>
/// <param name="Rate">The rate in <paramref name="Unit"/> per second.</param>
/// <param name="Unit">Either FLOP or byte.</param>
public sealed record Ceiling(string What, double Rate, string Unit);

/// <summary>The best rates of the device, measured in the run whose operations are compared with them.</summary>
internal sealed class Ceilings
{
    public const string Float8 = "matrix product, float8 by rows", Int8 = "matrix product, int8",
        EightBitAttention = "attention, 8 bits and their quantisation", Copy = "copy, bytes read and written";

    /// <summary>
    /// Returns the name of the ceiling of a matrix product. If the device cannot multiply 8-bit values, it is the ceiling of the dtype to
    /// which they are converted.
    /// </summary>
    public static string Product(ScalarType type, LinearPrecision held, Device device) =>
        GpuPaths.ForGpu(device)?.ActivationPrecision(held) switch
        {
            LinearPrecision.Float8 => Float8,
            LinearPrecision.Int8 => Int8,
            _ => Plain(type),
        };

    /// <summary>Returns the name of the ceiling of a matrix product or convolution without quantised values.</summary>
    public static string Plain(ScalarType type) => $"matrix product, {type}".ToLowerInvariant();

    /// <summary>Returns the name of the ceiling of an attention. On a GPU it is the ceiling of the 16-bit dtype.</summary>
    public static string Attention(ScalarType type, Device device) =>
        $"attention, {GpuPaths.ForGpu(device)?.Half ?? type}".ToLowerInvariant();

    /// <summary>Returns the name of the ceiling of self attention, which may run with 8-bit values.</summary>
    public string SelfAttention(ScalarType type, LinearPrecision held, Device device, long tokens) =>
        measured.ContainsKey(EightBitAttention) && Kernels.EightBitAttention.IsChosen(held, tokens)
            ? EightBitAttention
            : Attention(type, device);

    private readonly Dictionary<string, Ceiling> measured = [];

    /// <summary>No ceilings, for measurements that are not compared with any.</summary>
    public static Ceilings None { get; } = new();

    private Ceilings() { }

    public IEnumerable<Ceiling> All => measured.Values;

    public double this[string what] => measured[what].Rate;

    /// <summary>Returns the seconds that an amount of work takes at the best rate.</summary>
    public double Floor(string what, double amount) => amount / this[what];

    public static Ceilings Measure(Meter meter, BenchOptions options)
    {
        var device = options.Device;
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var found = new Ceilings();
        long side = meter.OnGpu ? 8192 : 768, tokens = meter.OnGpu ? 32768 : 1024, heads = meter.OnGpu ? 40 : 4,
            head = meter.OnGpu ? 128 : 64;
        double product = 2.0 * side * side * side, attention = 4.0 * tokens * tokens * heads * head;
        var (a, b) = (randn([side, side], device: device), randn([side, side], device: device));
        var paths = GpuPaths.ForGpu(device);
        var half = paths?.Half ?? ScalarType.BFloat16;
        var (ah, bh) = (a.to(half), b.to(half));
        found.Add(Plain(ScalarType.Float32), "FLOP", product, meter.MedianOfMany(() => a.matmul(b)));
        found.Add(Plain(half), "FLOP", product, meter.MedianOfMany(() => ah.matmul(bh.t())));
        foreach (var (name, precision) in new[] { (Float8, LinearPrecision.Float8), (Int8, LinearPrecision.Int8) })
        {
            var (x, w) = (RowQuantiser.Quantise(a, precision), RowQuantiser.Quantise(b, precision));
            if (paths is { Float8Products: true } && precision == LinearPrecision.Float8)
            {
                found.Add(
                    name, "FLOP", product,
                    meter.MedianOfMany(
                        () => TorchScripts.ScaledProduct(x.Values, w.Values.t(), x.Scales.view(-1, 1), w.Scales.view(1, -1), null)));
            }
            else if (paths is not { Int8Products: false } && precision == LinearPrecision.Int8)
            {
                found.Add(name, "FLOP", product, meter.MedianOfMany(() => TorchScripts.Int8Product(x.Values, w.Values.t())));
            }
        }
        var q = randn([1, heads, tokens, head], device: device);
        var qh = q.to(half);
        found.Add(Attention(half, device), "FLOP", attention, meter.MedianOfMany(() => Networks.Layers.Attention.Forward(qh, qh, qh)));
        if (Kernels.EightBitAttention.RunsOn(qh))
            found.Add(EightBitAttention, "FLOP", attention, meter.MedianOfMany(() => Kernels.EightBitAttention.Apply(qh, qh, qh)));
        if (!meter.OnGpu)
        {
            found.Add(
                Attention(ScalarType.Float32, device), "FLOP", attention,
                meter.MedianOfMany(() => Networks.Layers.Attention.Forward(q, q, q)));
        }
        long bytes = meter.OnGpu ? Math.Min(4L << 30, (options.VramBudget ?? long.MaxValue) / 16) : 256L << 20;
        var (from, to) = (zeros([bytes / 4], ScalarType.Float32, device).add_(1), empty([bytes / 4], ScalarType.Float32, device));
        found.Add(Copy, "byte", 2.0 * bytes, meter.MedianOfMany(() => to.copy_(from)));
        return found;
    }

    private void Add(string what, string unit, double amount, double seconds) => measured[what] = new Ceiling(what, amount / seconds, unit);
}
