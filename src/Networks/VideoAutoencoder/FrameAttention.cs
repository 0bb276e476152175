using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Self attention with one head among the pixels of each frame.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 223, at commit 0107cd9.
/// </summary>
internal sealed class FrameAttention(Weights weights, int channels)
{
    private readonly ChannelNorm norm = new(weights["norm"], channels, 2);
    private readonly Tensor qkvWeight = weights["to_qkv"].Load("weight", [3 * channels, channels, 1, 1]);
    private readonly Tensor qkvBias = weights["to_qkv"].Load("bias", [3 * channels], Initial.Zeros);
    private readonly Tensor outputWeight = weights["proj"].Load("weight", [channels, channels, 1, 1]);
    private readonly Tensor outputBias = weights["proj"].Load("bias", [channels], Initial.Zeros);

    /// <summary>Computes the attention and adds its input.</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    /// <param name="cache">Not used: frames do not depend on each other.</param>
    public Tensor Forward(Tensor x, CausalCache? cache) => Scoped(() =>
    {
        long height = x.shape[3], width = x.shape[4];
        var tokens = norm.Forward(Layout.ToFrames(x)).permute(0, 2, 3, 1).flatten(1, 2); // [B * T, H * W, C]
        var qkv = linear(tokens, qkvWeight.flatten(1), qkvBias).unsqueeze(1).chunk(3, -1); // 3 x [B * T, 1, H * W, C]
        var attended = scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).squeeze(1);
        var frames = linear(attended, outputWeight.flatten(1), outputBias).unflatten(1, [height, width]).permute(0, 3, 1, 2);
        return x + Layout.ToVideo(frames, x.shape[0]);
    });
}
