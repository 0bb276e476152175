using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.ClipVision;

/// <summary>The vision tower of CLIP (arXiv:2103.00020), read one block before its end: every token, neither final norm nor head.</summary>
public sealed class ClipVisionEncoder
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Std = [0.26862954f, 0.26130258f, 0.27577711f];

    private static readonly string[] LeftParts = ["textual.", "log_scale", "visual.head", "visual.post_norm.", "text_model.", "text_projection.", "logit_scale", "vision_model.embeddings.position_ids"];

    private readonly Weights weights;
    private readonly PatchEmbedding patches;
    private readonly Tensor classToken;
    private readonly Tensor positions;
    private readonly LayerNorm norm;
    private readonly Block[] blocks;

    /// <param name="weights">The root of a checkpoint: the keys used begin with <c>visual.</c>.</param>
    public ClipVisionEncoder(Weights weights, ClipVisionConfig config)
    {
        if (config.ImageSize % config.PatchSize != 0 || config.Width % config.Heads != 0)
            throw new ArgumentException($"CLIP vision: patches of {config.PatchSize} must divide {config.ImageSize}, and {config.Heads} heads {config.Width}");
        Config = config;
        this.weights = weights;
        var visual = weights["visual"];
        patches = new(visual["patch_embedding"].Load("weight", [config.Width, 3, config.PatchSize, config.PatchSize]), bias: null);
        classToken = visual.Load("cls_embedding", [1, 1, config.Width]);
        positions = visual.Load("pos_embedding", [1, config.Tokens(), config.Width]);
        norm = new LayerNorm(visual["pre_norm"], config.Width, config.Epsilon);
        blocks = [.. Enumerable.Range(0, config.Blocks - 1).Select(i => new Block(visual["transformer"][i], config))];
    }

    public ClipVisionConfig Config { get; }

    /// <summary>Whether a file of this network may hold that tensor though nothing here reads it: the text tower, and what follows the last but one block.</summary>
    public static bool Leaves(ClipVisionConfig config, string key) => key.StartsWith($"visual.transformer.{config.Blocks - 1}.", StringComparison.Ordinal) || Array.Exists(LeftParts, part => key.StartsWith(part, StringComparison.Ordinal));

    /// <param name="picture">[B, 3, H, W] in [-1, 1], any size.</param>
    /// <returns>[B, tokens, width]: the class token, then the patches row by row.</returns>
    public Tensor Forward(Tensor picture)
    {
        if (picture.dim() != 4 || picture.shape[1] != 3) throw new ArgumentException($"CLIP vision: expected [B, 3, H, W], found [{string.Join(", ", picture.shape)}]", nameof(picture));
        using var scope = NewDisposeScope();
        var tokens = patches.Forward(Prepare(picture).to(weights.Type).unsqueeze(2)); // [B, 16 * 16, width]
        var x = norm.Forward(cat([classToken.expand(picture.shape[0], -1, -1), tokens], 1) + positions);
        foreach (var block in blocks)
        {
            var next = block.Forward(x);
            x.Dispose();
            x = next;
        }
        return x.MoveToOuterDisposeScope();
    }

    // Resized by cubic interpolation without antialiasing, in float32, then scaled as CLIP was trained.
    private Tensor Prepare(Tensor picture)
    {
        using var scope = NewDisposeScope();
        var square = interpolate(picture.to(ScalarType.Float32), size: [Config.ImageSize, Config.ImageSize], mode: InterpolationMode.Bicubic, align_corners: false);
        var mean = tensor(Mean, device: picture.device).view(1, 3, 1, 1);
        var std = tensor(Std, device: picture.device).view(1, 3, 1, 1);
        return ((square * 0.5 + 0.5 - mean) / std).MoveToOuterDisposeScope();
    }

    private sealed class Block(Weights weights, ClipVisionConfig config)
    {
        private readonly LayerNorm attentionNorm = new(weights["norm1"], config.Width, config.Epsilon);
        private readonly Linear toQkv = new(weights["attn"]["to_qkv"], config.Width, 3 * config.Width);
        private readonly Linear output = new(weights["attn"]["proj"], config.Width, config.Width);
        private readonly LayerNorm feedForwardNorm = new(weights["norm2"], config.Width, config.Epsilon);
        private readonly Linear expand = new(weights["mlp"][0], config.Width, config.Expansion * config.Width);
        private readonly Linear contract = new(weights["mlp"][2], config.Expansion * config.Width, config.Width);

        /// <param name="x">[B, L, width]</param>
        public Tensor Forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var qkv = toQkv.Forward(attentionNorm.Forward(x)).chunk(3, -1).Select(part => Attention.SplitHeads(part, config.Heads)).ToArray();
            x = x + output.Forward(Attention.Forward(qkv[0], qkv[1], qkv[2]));
            return (x + contract.Forward(expand.Forward(feedForwardNorm.Forward(x)).gelu())).MoveToOuterDisposeScope();
        }
    }
}
