using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Self attention with one head among the pixels of each frame alone.</summary>
internal sealed class FrameAttention(Weights weights, int channels)
{
    private readonly ChannelNorm norm = new(weights["norm"], channels, 2);
    private readonly Tensor inWeight = weights["to_qkv"].Load("weight", [3 * channels, channels, 1, 1]);
    private readonly Tensor inBias = weights["to_qkv"].Load("bias", [3 * channels], Initial.Zeros);
    private readonly Tensor outWeight = weights["proj"].Load("weight", [channels, channels, 1, 1]);
    private readonly Tensor outBias = weights["proj"].Load("bias", [channels], Initial.Zeros);

    /// <param name="x">[B, C, T, H, W]</param>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        long height = x.shape[3], width = x.shape[4];
        var tokens = norm.Forward(Layout.ToFrames(x)).permute(0, 2, 3, 1).flatten(1, 2); // [B * T, H * W, C]
        var qkv = linear(tokens, inWeight.flatten(1), inBias).unsqueeze(1).chunk(3, -1); // 3 x [B * T, 1, H * W, C]
        var attended = scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).squeeze(1);
        var frames = linear(attended, outWeight.flatten(1), outBias).unflatten(1, [height, width]).permute(0, 3, 1, 2);
        return (x + Layout.ToVideo(frames, x.shape[0])).MoveToOuterDisposeScope();
    }
}
