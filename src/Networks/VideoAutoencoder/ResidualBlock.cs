using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Residual block, x + conv(silu(norm(conv(silu(norm(x)))))). Where the widths differ, x passes a 1x1x1 convolution.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 186, at commit 0107cd9.
/// </summary>
internal sealed class ResidualBlock(Weights weights, int inputs, int outputs)
{
    private readonly ChannelNorm norm1 = new(weights["residual"][0], inputs, 3);
    private readonly CausalConv3d conv1 = new(weights["residual"][2], inputs, outputs, 3, 3);
    private readonly ChannelNorm norm2 = new(weights["residual"][3], outputs, 3);
    private readonly CausalConv3d conv2 = new(weights["residual"][6], outputs, outputs, 3, 3);
    private readonly CausalConv3d? shortcut = inputs == outputs ? null : new(weights["shortcut"], inputs, outputs, 1, 1);

    /// <summary>Computes the block.</summary>
    /// <param name="x">[B, inputs, T, H, W]</param>
    /// <param name="cache">Cache of the video of which x is the next chunk; null if x is a whole video.</param>
    /// <returns>[B, outputs, T, H, W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache) => Scoped(() =>
        conv2.Forward(norm2, conv1.Forward(norm1, x, cache), cache) + (shortcut?.Forward(x, cache) ?? x));
}
