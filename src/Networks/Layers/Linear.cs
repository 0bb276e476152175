using Locutor.Kernels;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>A linear layer, y = x W^T + b. The number format of the weights decides which matrix product computes it.</summary>
/// <param name="weights">Place of <c>weight</c> and <c>bias</c>.</param>
/// <param name="inputs">Channels of x.</param>
/// <param name="outputs">Channels of y.</param>
/// <param name="bias">Whether the layer has a bias.</param>
public sealed class Linear(Weights weights, long inputs, long outputs, bool bias = true)
{
    private readonly ILinearProduct product = weights.Product("weight", [outputs, inputs]);
    private readonly Tensor? bias = bias ? weights.Load("bias", [outputs], Initial.Zeros) : null;
    private readonly ScalarType type = weights.Type;

    /// <summary>Precision of the input that the layer expects.</summary>
    public LinearPrecision Precision => product.Precision;

    /// <summary>Computes the layer.</summary>
    /// <param name="x">[..., inputs]</param>
    /// <returns>[..., outputs]</returns>
    public Tensor Forward(Tensor x) => Forward(new Activations(x, null));

    /// <summary>Computes the layer from activations that were quantised once for several layers.</summary>
    /// <param name="x">[..., inputs]</param>
    /// <returns>[..., outputs]</returns>
    public Tensor Forward(Activations x) => product.Multiply(x, bias, type);

    /// <summary>Computes GELU (tanh approximation) of the layer and quantises it for the next matrix product.</summary>
    /// <param name="x">[..., inputs]</param>
    /// <param name="next">Precision of the result.</param>
    /// <returns>[..., outputs]</returns>
    public Activations ForwardGelu(Activations x, LinearPrecision next) => Scoped(() =>
    {
        bool fused = product.Precision == LinearPrecision.Plain && next == LinearPrecision.Plain
            && bias is not null && CudaKernel.CanFuseGelu(x.Values);
        if (!fused) return GeluQuantise.Apply(Forward(x), next);
        var y = TorchScripts.ProductGelu(x.Values.flatten(0, -2), product.Dequantise(type).t(), bias!);
        return new Activations(y.unflatten(0, x.Values.shape[..^1]), null);
    });

    /// <summary>Returns weight and bias in the type of the network.</summary>
    /// <exception cref="InvalidOperationException">The layer has no bias.</exception>
    public Affine Dequantise() => new(product.Dequantise(type), bias ?? throw new InvalidOperationException("the layer has no bias"));
}
