using Locutor.Checkpoints;
using Locutor.Checkpoints.Quantised;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>Converts stored tensors to tensors of libtorch.</summary>
public static class CheckpointTensorExtensions
{
    /// <summary>Returns the libtorch type of an element type. TorchSharp has no names for the float8 types.</summary>
    public static ScalarType ScalarType(this ElementType type) => type switch
    {
        ElementType.Bool => TorchSharp.torch.ScalarType.Bool,
        ElementType.UInt8 => TorchSharp.torch.ScalarType.Byte,
        ElementType.Int8 => TorchSharp.torch.ScalarType.Int8,
        ElementType.Int16 => TorchSharp.torch.ScalarType.Int16,
        ElementType.Int32 => TorchSharp.torch.ScalarType.Int32,
        ElementType.Int64 => TorchSharp.torch.ScalarType.Int64,
        ElementType.Float8E5M2 => (ScalarType)23,
        ElementType.Float8E4M3 => (ScalarType)24,
        ElementType.Float16 => TorchSharp.torch.ScalarType.Float16,
        ElementType.BFloat16 => TorchSharp.torch.ScalarType.BFloat16,
        ElementType.Float32 => TorchSharp.torch.ScalarType.Float32,
        ElementType.Float64 => TorchSharp.torch.ScalarType.Float64,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "libtorch has no type for such elements"),
    };

    /// <summary>
    /// Returns the stored elements on the CPU in their stored type, without their scale and without a copy. The tensor is the mapped file:
    /// it must not be written to, and not be used after the checkpoint was closed.
    /// </summary>
    public static Tensor AsTensor(this CheckpointTensor stored) => stored.ByteLength == 0
        ? empty(stored.Shape, dtype: stored.Type.ScalarType())
        : TensorMemory.Wrap(stored.Address, stored.Shape, stored.Type.ScalarType());

    /// <summary>Dequantises the stored elements to a new float32 tensor.</summary>
    public static Tensor ToValues(this CheckpointTensor stored, Device device)
    {
        using var scope = NewDisposeScope();
        if (stored.Type.BlockElements() > 1) return FromBlocks(stored).to(device).MoveToOuterDisposeScope();
        var values = stored.AsTensor().to(device).to(TorchSharp.torch.ScalarType.Float32, copy: true);
        if (stored.Scale is not { } scale) return values.MoveToOuterDisposeScope();
        long[] broadcast = scale.ElementCount == 1 ? [] : [scale.ElementCount, .. Enumerable.Repeat(1L, stored.Shape.Length - 1)];
        return values.mul_(scale.AsTensor().to(TorchSharp.torch.ScalarType.Float32, device).reshape(broadcast)).MoveToOuterDisposeScope();
    }

    /// <summary>Dequantises parts of a million elements in parallel; a span cannot be longer.</summary>
    private static unsafe Tensor FromBlocks(CheckpointTensor stored)
    {
        const int Part = 1 << 20;
        var values = empty(stored.Shape, dtype: TorchSharp.torch.ScalarType.Float32);
        long elements = stored.ElementCount;
        nint first = TensorMemory.Address(values);
        Parallel.For(0, (elements + Part - 1) / Part, part =>
            stored.ReadSingles(part * Part, new Span<float>((float*)first + part * Part, (int)Math.Min(Part, elements - part * Part))));
        return values;
    }

    /// <summary>Copies the stored elements to a CPU tensor of their stored type.</summary>
    public static Tensor ToTensor(this CheckpointTensor stored)
    {
        using var mapped = stored.AsTensor();
        return mapped.clone();
    }
}
