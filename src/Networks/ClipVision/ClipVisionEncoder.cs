using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.ClipVision;

/// <summary>
/// The vision encoder of CLIP (Radford et al., arXiv:2103.00020). It returns all tokens after the last block but one, without final norm
/// and head. Reference: MeiGen-AI/InfiniteTalk, wan/modules/clip.py, line 209, at commit 0107cd9.
/// </summary>
public sealed class ClipVisionEncoder
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Std = [0.26862954f, 0.26130258f, 0.27577711f];

    private static readonly string[] IgnoredPrefixes =
    [
        "textual.", "log_scale", "visual.head", "visual.post_norm.", "text_model.", "text_projection.", "logit_scale",
        "vision_model.embeddings.position_ids",
    ];

    private readonly Weights weights;
    private readonly PatchEmbedding patches;
    private readonly Tensor classToken;
    private readonly Tensor positions;
    private readonly LayerNorm norm;
    private readonly Block[] blocks;

    /// <summary>Creates the network.</summary>
    /// <param name="weights">Root of a checkpoint; the keys begin with <c>visual.</c>.</param>
    /// <param name="config">Sizes of the network.</param>
    public ClipVisionEncoder(Weights weights, ClipVisionConfig config)
    {
        if (config.ImageSize % config.PatchSize != 0 || config.Width % config.Heads != 0)
        {
            throw new ArgumentException(
                $"CLIP vision: patches of {config.PatchSize} must divide {config.ImageSize}, and {config.Heads} heads {config.Width}");
        }

        Config = config;
        this.weights = weights;
        var visual = weights["visual"];
        patches = new(visual["patch_embedding"].Load("weight", [config.Width, 3, config.PatchSize, config.PatchSize]), bias: null);
        classToken = visual.Load("cls_embedding", [1, 1, config.Width]);
        positions = visual.Load("pos_embedding", [1, config.Tokens(), config.Width]);
        norm = new LayerNorm(visual["pre_norm"], config.Width, config.Epsilon);
        blocks = [.. Enumerable.Range(0, config.Blocks - 1).Select(i => new Block(visual["transformer"][i], config))];
    }

    /// <summary>Sizes of the network.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>
    /// Returns whether a checkpoint may contain this key although the network does not use it: the text encoder, the last block and the
    /// head.
    /// </summary>
    public static bool IgnoresKey(ClipVisionConfig config, string key) =>
        key.StartsWith($"visual.transformer.{config.Blocks - 1}.", StringComparison.Ordinal)
        || Array.Exists(IgnoredPrefixes, prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Encodes images.</summary>
    /// <param name="image">[B, 3, H, W] in [-1, 1], any size.</param>
    /// <returns>[B, tokens, width]: the class token, then the patches row by row.</returns>
    public Tensor Forward(Tensor image)
    {
        if (image.dim() != 4 || image.shape[1] != 3)
            throw new ArgumentException($"CLIP vision: expected [B, 3, H, W], found [{string.Join(", ", image.shape)}]", nameof(image));
        return Scoped(() =>
        {
            var tokens = patches.Forward(Normalise(image).to(weights.Type).unsqueeze(2)); // [B, 16 * 16, width]
            var x = norm.Forward(cat([classToken.expand(image.shape[0], -1, -1), tokens], 1) + positions);
            return Chain(x, blocks.Select(block => (Func<Tensor, Tensor>)block.Forward));
        });
    }

    /// <summary>
    /// Resizes the image with bicubic interpolation (without antialiasing, in float32) and normalises its channels as CLIP was trained.
    /// </summary>
    private Tensor Normalise(Tensor image) => Scoped(() =>
    {
        var square = interpolate(
            image.to(ScalarType.Float32), size: [Config.ImageSize, Config.ImageSize], mode: InterpolationMode.Bicubic,
            align_corners: false);
        var mean = tensor(Mean, device: image.device).view(1, 3, 1, 1);
        var std = tensor(Std, device: image.device).view(1, 3, 1, 1);
        return (square * 0.5 + 0.5 - mean) / std;
    });

    /// <summary>One block. Reference: line 112.</summary>
    private sealed class Block(Weights weights, ClipVisionConfig config)
    {
        private readonly LayerNorm attentionNorm = new(weights["norm1"], config.Width, config.Epsilon);
        private readonly Linear toQkv = new(weights["attn"]["to_qkv"], config.Width, 3 * config.Width);
        private readonly Linear output = new(weights["attn"]["proj"], config.Width, config.Width);
        private readonly LayerNorm feedForwardNorm = new(weights["norm2"], config.Width, config.Epsilon);
        private readonly Linear expand = new(weights["mlp"][0], config.Width, config.Expansion * config.Width);
        private readonly Linear contract = new(weights["mlp"][2], config.Expansion * config.Width, config.Width);

        /// <param name="x">[B, L, width]</param>
        public Tensor Forward(Tensor x) => Scoped(() =>
        {
            var qkv = toQkv.Forward(
                attentionNorm.Forward(x)).chunk(3, -1).Select(part => Attention.SplitHeads(part, config.Heads)).ToArray();
            var y = x + output.Forward(Attention.Forward(qkv[0], qkv[1], qkv[2]));
            return y + contract.Forward(expand.Forward(feedForwardNorm.Forward(y)).gelu());
        });
    }
}
