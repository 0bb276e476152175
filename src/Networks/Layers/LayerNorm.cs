using Locutor.Kernels;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.Layers;

/// <summary>
/// Layer norm over the last axis (Ba et al., arXiv:1607.06450), computed in float32 and returned in the type of its input.
/// </summary>
public sealed class LayerNorm
{
    private readonly long[] shape;
    private readonly double eps;
    private readonly Tensor? scale;
    private readonly Tensor? shift;

    /// <summary>Creates a norm with a learned scale (key <c>weight</c>) and shift (key <c>bias</c>).</summary>
    public LayerNorm(Weights weights, long width, double eps = 1e-5)
        : this(width, eps)
    {
        scale = weights.Load("weight", shape, Initial.Ones, ScalarType.Float32);
        shift = weights.Load("bias", shape, Initial.Zeros, ScalarType.Float32);
    }

    /// <summary>Creates a norm without learned parameters.</summary>
    public LayerNorm(long width, double eps = 1e-5)
    {
        shape = [width];
        this.eps = eps;
    }

    /// <summary>Computes the norm in the type of x.</summary>
    /// <param name="x">[..., width]</param>
    public Tensor Forward(Tensor x) => x.dtype == ScalarType.Float32 ? ForwardToFloat32(x) : Scoped(() => ForwardToFloat32(x).to(x.dtype));

    /// <summary>Computes the norm and keeps it in float32.</summary>
    /// <param name="x">[..., width]</param>
    public Tensor ForwardToFloat32(Tensor x) => x.dtype == ScalarType.Float32
        ? layer_norm(x, shape, scale, shift, eps)
        : Scoped(() => layer_norm(x.to(ScalarType.Float32), shape, scale, shift, eps));

    /// <summary>Computes the norm and quantises it for the next matrix product.</summary>
    /// <param name="x">[..., width]</param>
    /// <param name="precision">Precision of the result.</param>
    public Activations Forward(Tensor x, LinearPrecision precision) => scale is not null && shift is not null && CudaKernel.CanRun(x)
        ? NormModulate.Apply(x, scale, shift, eps, precision)
        : QuantiseRows.Apply(Forward(x), precision);

    /// <summary>Adds a pending update and computes the norm of the sum, quantised for the next matrix product.</summary>
    /// <param name="x">[B, L, width], with an update.</param>
    /// <param name="precision">Precision of the norm.</param>
    /// <returns>The sum in the type of x, and its norm.</returns>
    public (Tensor Sum, Activations Normed) Forward(PendingResidual x, LinearPrecision precision)
    {
        if (scale is not null && shift is not null && x.Update is not null && CudaKernel.CanRun(x.Tokens))
            return NormModulate.AfterResidual(x.Tokens, x.Update, x.Gate, scale, shift, eps, precision);
        var sum = x.Sum();
        return (sum, Forward(sum, precision));
    }
}
