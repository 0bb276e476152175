using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>y = x W^T + b; the kernel is picked by how the weights are held.</summary>
public sealed class Linear(Weights weights, long inputs, long outputs, bool bias = true)
{
    private readonly ILinearProduct product = weights.Product("weight", [outputs, inputs]);
    private readonly Tensor? bias = bias ? weights.Load("bias", [outputs], Initial.Zeros) : null;
    private readonly ScalarType type = weights.Type;

    /// <summary>How activations should come.</summary>
    public LinearPrecision Precision => product.Precision;

    /// <param name="x">[..., inputs]</param>
    /// <returns>[..., outputs]</returns>
    public Tensor Forward(Tensor x) => Forward(new Activations(x, null));

    /// <summary>The same of activations that several layers share, quantised once.</summary>
    public Tensor Forward(Activations x) => product.Multiply(x, bias, type);
}
