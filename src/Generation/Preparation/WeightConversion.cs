using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Safetensors;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Generation.Preparation;

/// <summary>
/// Converts one stored tensor to the form of a prepared file: it is dequantised, adapters are added in float32, and the result is rounded
/// to the requested precision. <see cref="RowQuantiser"/> rounds to 8 bits, as for weights that are quantised while they are loaded. Large
/// tensors are converted in groups of rows.
/// </summary>
/// <param name="stored">The stored tensor, in any format.</param>
/// <param name="adapters">LoRA adapters, added in this order.</param>
/// <param name="precision">Requested precision.</param>
/// <param name="wide">Whether the network computes with this tensor in float32 in any case, so that it keeps its precision.</param>
internal sealed class WeightConversion(CheckpointTensor stored, IReadOnlyList<LoraAdapter> adapters, WeightPrecision precision, bool wide)
{
    /// <summary>Elements of a group of rows: 32 MiB of float32. The conversion needs about ten times that memory.</summary>
    private const long ElementsAtOnce = 8 << 20;
    private readonly ElementType? eight = IsMatrixOfABlock(stored) ? precision.EightBits() : null;
    private readonly bool changed = stored.IsQuantised || adapters.Any(adapter => adapter.PatchesOf(stored.Name).Count > 0);

    /// <summary>
    /// The tensors that the file will hold: the values, and for a quantised matrix [outputs, 1] scales under <c>.weight_scale</c>.
    /// </summary>
    public IReadOnlyList<TensorOutline> Outlines => eight is { } type
        ? [new(stored.Name, type, stored.Shape), new(ScaleName, ElementType.Float32, [stored.Shape[0], 1])]
        : [new(stored.Name, PlainType, stored.Shape)];

    private string ScaleName => stored.Name[..^".weight".Length] + ".weight_scale";

    private ElementType PlainType
    {
        get
        {
            bool real = stored.Type is ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64;
            if (!changed && !real && stored.Type is not (ElementType.Float8E4M3 or ElementType.Float8E5M2)) return stored.Type;
            if (!wide) return precision.PlainType();
            return !changed && stored.Type is ElementType.Float16 or ElementType.BFloat16 ? stored.Type : ElementType.Float32;
        }
    }

    /// <summary>
    /// Returns whether a tensor is a matrix of a numbered block. Such matrices are nearly all weights and tolerate rounding to 8 bits;
    /// embeddings, norms, heads, and the layers of time and conditioning do not.
    /// </summary>
    public static bool IsMatrixOfABlock(CheckpointTensor tensor)
    {
        string name = tensor.Name;
        bool matrix = tensor.Shape.Length == 2 && name.EndsWith(".weight", StringComparison.Ordinal);
        if (!matrix || name.Contains("embedding", StringComparison.Ordinal) || name.Contains("norm", StringComparison.Ordinal))
            return false;
        string[] parts = name.Split('.');
        return parts.Zip(parts.Skip(1)).Any(
            pair => pair.First is "blocks" or "transformer" or "layers" && pair.Second.All(char.IsAsciiDigit));
    }

    /// <summary>Writes the bytes of the tensors of <see cref="Outlines"/>, in order.</summary>
    /// <param name="append">Receives the name and the next bytes of a tensor.</param>
    /// <param name="cancellationToken">Checked between groups of rows.</param>
    public void Write(WeightSink append, CancellationToken cancellationToken)
    {
        using var inference = no_grad();
        bool byRows = stored.HasRows && stored.Shape.Length > 1;
        long rows = byRows
            ? stored.Shape[0] : 1, atOnce = byRows ? Math.Max(1, ElementsAtOnce / Math.Max(1, stored.ElementCount / rows))
            : 1;
        for (long first = 0; first < rows; first += atOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long count = Math.Min(atOnce, rows - first);
            var part = byRows ? stored.Rows(first, count) : stored;
            if (eight is null && !changed && PlainType == stored.Type) Copy(part, append);
            else Convert(part, byRows ? first : null, append);
        }
    }

    private void Copy(CheckpointTensor part, WeightSink append)
    {
        const int AtOnce = 16 << 20;
        for (long done = 0; done == 0 || done < part.ByteLength; done += AtOnce) append(stored.Name, part.BytesFrom(done, AtOnce));
    }

    private void Convert(CheckpointTensor part, long? first, WeightSink append)
    {
        using var scope = NewDisposeScope();
        var values = part.ToValues(CPU);
        foreach (var adapter in adapters)
        {
            foreach (var patch in adapter.PatchesOf(stored.Name))
                LoraMerge.Add(values, first is { } row ? Rows(patch, row, part.Shape[0]) : patch, adapter.Strength);
        }

        if (eight is not { } type)
        {
            append(stored.Name, TensorMemory.Bytes(values.to(PlainType.ScalarType())));
            return;
        }
        using var rows = RowQuantiser.Quantise(values, type == ElementType.Int8 ? LinearPrecision.Int8 : LinearPrecision.Float8);
        append(stored.Name, TensorMemory.Bytes(rows.Values));
        append(ScaleName, TensorMemory.Bytes(rows.Scales));
    }

    /// <summary>
    /// Returns the part of an adapter's change for some rows. A plain difference with other axes than the tensor cannot be divided, so it
    /// is accepted only if all rows are converted at once.
    /// </summary>
    private LoraPatch Rows(LoraPatch patch, long first, long count)
    {
        if (count == stored.Shape[0]) return patch;
        if (patch.Difference is { } difference && (!difference.HasRows || difference.Shape[0] != stored.Shape[0]))
            throw new CheckpointException($"{difference.Name}: expected {stored.Shape[0]} rows as {stored} has");
        return patch with { Up = patch.Up?.Rows(first, count), Difference = patch.Difference?.Rows(first, count) };
    }
}

/// <summary>Receives the next bytes of a tensor.</summary>
internal delegate void WeightSink(string name, ReadOnlySpan<byte> bytes);
