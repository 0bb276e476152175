using Locutor.Kernels;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>Layer normalisation over the last axis, computed in float32 and returned in the type of its input.</summary>
public sealed class LayerNorm
{
    private readonly long[] shape;
    private readonly double epsilon;
    private readonly Tensor? weight;
    private readonly Tensor? bias;

    /// <summary>With a learned scale (key <c>weight</c>) and shift (key <c>bias</c>).</summary>
    public LayerNorm(Weights weights, long width, double epsilon = 1e-5)
        : this(width, epsilon)
    {
        weight = weights.Load("weight", shape, Initial.Ones, ScalarType.Float32);
        bias = weights.Load("bias", shape, Initial.Zeros, ScalarType.Float32);
    }

    /// <summary>Without learned parameters.</summary>
    public LayerNorm(long width, double epsilon = 1e-5)
    {
        shape = [width];
        this.epsilon = epsilon;
    }

    /// <param name="x">[..., width]</param>
    public Tensor Forward(Tensor x)
    {
        if (x.dtype == ScalarType.Float32) return nn.functional.layer_norm(x, shape, weight, bias, epsilon);
        using var scope = NewDisposeScope();
        return nn.functional.layer_norm(x.to(ScalarType.Float32), shape, weight, bias, epsilon).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The same as what matrix products read.</summary>
    public Activations Forward(Tensor x, LinearPrecision precision)
    {
        if (weight is null || bias is null || !CudaKernel.Takes(x)) return Activations.Of(Forward(x), precision);
        return NormModulate.Apply(x, weight, bias, epsilon, precision);
    }

    /// <summary>x + y, or x + y * gate, rounded to the type of x, and the norm of that as what matrix products read.</summary>
    /// <param name="x">[B, L, width]</param>
    /// <param name="y">[B, L, width]</param>
    /// <param name="gate">[B or 1, 1, width], float32, or null for 1.</param>
    public (Tensor Sum, Activations Normed) AfterResidual(Tensor x, Tensor y, Tensor? gate, LinearPrecision precision)
    {
        if (weight is not null && bias is not null && CudaKernel.Takes(x)) return NormModulate.AfterResidual(x, y, gate, weight, bias, epsilon, precision);
        var sum = gate is null ? x + y : GatedResidual.Apply(x, y, gate);
        return (sum, Forward(sum, precision));
    }

    /// <summary>The norm alone, left in float32 for what follows.</summary>
    public Tensor ForwardToFloat32(Tensor x)
    {
        if (x.dtype == ScalarType.Float32) return nn.functional.layer_norm(x, shape, weight, bias, epsilon);
        using var wide = x.to(ScalarType.Float32);
        return nn.functional.layer_norm(wide, shape, weight, bias, epsilon);
    }
}
