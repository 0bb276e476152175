using Locutor.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels.Quantisation;

/// <summary>
/// Weights that stay one byte a value and are widened to the type of the activations for every product, so many rows at a time that what is wide at
/// once stays small. For GPUs whose tensor cores do not multiply such bytes: memory is that of bytes, the product that of 16-bit numbers.
/// </summary>
/// <param name="weight">[outputs, inputs]; belongs to whoever made it.</param>
/// <param name="blockRows">Rows that are wide at once; null: about as many as have 32 million values, 64 MiB of bfloat16.</param>
public sealed class WidenedProduct(QuantisedRows weight, long? blockRows = null) : ILinearProduct
{
    private const long MostValues = 32L << 20;

    /// <summary>Rows of a block are a multiple: products whose columns start elsewhere are up to seven times slower on an H100.</summary>
    private const long Multiple = 128;

    public LinearPrecision Precision => LinearPrecision.Plain;

    public Tensor Dequantise(ScalarType type) => RowQuantiser.Restore(weight, type);

    /// <summary>Equal blocks, as few as hold at most so many values, rounded up to the multiple.</summary>
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
        var starts = Enumerable.Range(0, (int)((outputs + step - 1) / step)).Select(block => block * step).ToArray();
        QuantisedRows Block(long start) => new(weight.Values.narrow(0, start, Math.Min(step, outputs - start)), weight.Scales.narrow(0, start, Math.Min(step, outputs - start)));
        Tensor? BiasOf(long start) => bias?.narrow(0, start, Math.Min(step, outputs - start));
        if (x.Values.device_type != TorchSharp.DeviceType.CUDA || is_grad_enabled()) // elsewhere, and with gradients, a product does not write between the columns of others
            return cat([.. starts.Select(start => linear(x.Values, RowQuantiser.Restore(Block(start), x.Values.dtype), BiasOf(start)))], -1).to(result).MoveToOuterDisposeScope();
        var rows = x.Values.flatten(0, -2); // [tokens, inputs]
        var y = empty([rows.shape[0], outputs], rows.dtype, rows.device);
        foreach (long start in starts)
        {
            using var part = NewDisposeScope();
            TorchScripts.ProductInto(rows, RowQuantiser.Restore(Block(start), rows.dtype).t(), BiasOf(start), y.narrow(1, start, Math.Min(step, outputs - start)));
        }
        return y.unflatten(0, x.Values.shape[..^1]).to(result).MoveToOuterDisposeScope();
    }
}
