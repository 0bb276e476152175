using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels;

/// <summary>
/// A product whose weights stay one byte for each value. They are dequantised to the type of the activations for every product, some rows
/// at a time to bound memory. It is for GPUs whose tensor cores do not multiply such bytes: it needs the memory of bytes, and runs at the
/// speed of 16-bit values.
/// </summary>
/// <param name="weight">[outputs, inputs]; the caller owns it.</param>
/// <param name="blockRows">Rows that are dequantised at once; null: about 32 million values, 64 MiB of bfloat16.</param>
public sealed class WidenedProduct(QuantisedRows weight, long? blockRows = null) : ILinearProduct
{
    private const long MostValues = 32L << 20;

    /// <summary>
    /// Rows of a block are a multiple of this: products that start at other columns are up to seven times slower on an H100.
    /// </summary>
    private const long Multiple = 128;

    public LinearPrecision Precision => LinearPrecision.Plain;

    public Tensor Dequantise(ScalarType type) => RowQuantiser.Restore(weight, type);

    /// <summary>Returns the rows of a block: equal blocks, as few as possible, rounded up to the multiple.</summary>
    internal static long Rows(long outputs, long inputs)
    {
        long blocks = Math.Max(1, (outputs * inputs + MostValues - 1) / MostValues), each = (outputs + blocks - 1) / blocks;
        return Math.Max(Multiple, (each + Multiple - 1) / Multiple * Multiple);
    }

    public Tensor Multiply(Activations x, Tensor? bias, ScalarType result)
    {
        if (x.Scales is not null) throw new ArgumentException($"expected plain activations, found {x.Precision}", nameof(x));
        using var scope = NewDisposeScope();
        long outputs = weight.Values.shape[0], step = blockRows ?? Rows(outputs, weight.Values.shape[1]);
        if (step >= outputs) return linear(x.Values, Dequantise(x.Values.dtype), bias).to(result).MoveToOuterDisposeScope();
        long[] starts = Enumerable.Range(0, (int)((outputs + step - 1) / step)).Select(block => block * step).ToArray();
        long Count(long start) => Math.Min(step, outputs - start);
        QuantisedRows Block(long start) => new(weight.Values.narrow(0, start, Count(start)), weight.Scales.narrow(0, start, Count(start)));
        Tensor? BiasFor(long start) => bias?.narrow(0, start, Count(start));
        // on these devices, a product cannot write into some columns of a tensor
        if (x.Values.device_type != TorchSharp.DeviceType.CUDA || is_grad_enabled())
        {
            var parts = starts.Select(start => linear(x.Values, RowQuantiser.Restore(Block(start), x.Values.dtype), BiasFor(start)));
            return cat([.. parts], -1).to(result).MoveToOuterDisposeScope();
        }

        var rows = x.Values.flatten(0, -2); // [tokens, inputs]
        var y = empty([rows.shape[0], outputs], rows.dtype, rows.device);
        foreach (long start in starts)
        {
            using var part = NewDisposeScope();
            TorchScripts.ProductInto(
                rows, RowQuantiser.Restore(Block(start), rows.dtype).t(), BiasFor(start), y.narrow(1, start, Count(start)));
        }
        return y.unflatten(0, x.Values.shape[..^1]).to(result).MoveToOuterDisposeScope();
    }
}
