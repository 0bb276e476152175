using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>x + conv(silu(norm(conv(silu(norm(x)))))), with x through a 1x1x1 convolution where the widths differ.</summary>
internal sealed class ResidualBlock(Weights weights, int inputs, int outputs)
{
    private readonly ChannelNorm firstNorm = new(weights["residual"][0], inputs, 3);
    private readonly CausalConv3d firstConv = new(weights["residual"][2], inputs, outputs, 3, 3);
    private readonly ChannelNorm secondNorm = new(weights["residual"][3], outputs, 3);
    private readonly CausalConv3d secondConv = new(weights["residual"][6], outputs, outputs, 3, 3);
    private readonly CausalConv3d? shortcut = inputs == outputs ? null : new(weights["shortcut"], inputs, outputs, 1, 1);

    /// <param name="x">[B, inputs, T, H, W]</param>
    /// <returns>[B, outputs, T, H, W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        var inner = firstConv.Forward(firstNorm, x, cache);
        var outer = secondConv.Forward(secondNorm, inner, cache);
        return (outer + (shortcut?.Forward(x, cache) ?? x)).MoveToOuterDisposeScope();
    }
}
