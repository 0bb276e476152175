using static TorchSharp.torch;

namespace Locutor.Networks.Layers;

/// <summary>y = x W^T + b.</summary>
public sealed class Linear(Weights weights, long inputs, long outputs, bool bias = true)
{
    private readonly Tensor weight = weights.Load("weight", [outputs, inputs]);
    private readonly Tensor? bias = bias ? weights.Load("bias", [outputs], Initial.Zeros) : null;

    /// <param name="x">[..., inputs]</param>
    /// <returns>[..., outputs]</returns>
    public Tensor Forward(Tensor x) => nn.functional.linear(x, weight, bias);
}
