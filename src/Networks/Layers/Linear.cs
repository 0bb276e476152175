using Locutor.Kernels;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
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

    /// <summary>GELU in its tanh approximation of the same, as the next matrix product reads it.</summary>
    public Activations ForwardGelu(Activations x, LinearPrecision next)
    {
        using var scope = NewDisposeScope();
        if (product.Precision != LinearPrecision.Plain || next != LinearPrecision.Plain || bias is null || !CudaKernel.TakesGelu(x.Values))
            return GeluQuantise.Apply(Forward(x), next).MoveToOuterDisposeScope();
        var y = TorchScripts.ProductGelu(x.Values.flatten(0, -2), product.Matrix(type).t(), bias);
        return new Activations(y.unflatten(0, x.Values.shape[..^1]), null).MoveToOuterDisposeScope();
    }

    /// <summary>What the layer does as numbers, whichever way it holds them.</summary>
    /// <exception cref="InvalidOperationException">The layer has no bias.</exception>
    public Affine Numbers() => new(product.Matrix(type), bias ?? throw new InvalidOperationException("the layer has no bias"));
}
