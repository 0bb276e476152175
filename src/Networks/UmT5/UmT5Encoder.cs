using Locutor.Networks.Layers;
using TorchSharp;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.UmT5;

/// <summary>
/// The encoder of umT5 (Chung et al., arXiv:2304.09151): T5 1.1 (arXiv:1910.10683) with a relative position bias in every block.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/t5.py, line 272, at commit 0107cd9.
/// </summary>
public sealed class UmT5Encoder
{
    private static readonly string[] IgnoredPrefixes = ["encoder.embed_tokens.", "decoder.", "lm_head."];

    // [vocabulary, width], on the host even if the network is on a GPU: 2 GiB, of which a prompt reads a few rows
    private readonly Tensor embedding;
    private readonly Device device;
    private readonly ScalarType type;
    private readonly Block[] blocks;
    private readonly RmsNorm norm;

    /// <summary>Creates the network.</summary>
    /// <param name="weights">Root of its parameters.</param>
    /// <param name="config">Sizes of the network.</param>
    public UmT5Encoder(Weights weights, UmT5Config config)
    {
        if (config.AttentionWidth % config.Heads != 0)
            throw new ArgumentException($"umT5: {config.Heads} heads do not divide an attention width of {config.AttentionWidth}");
        if (config.Buckets < 4 || config.Buckets % 4 != 0 || config.MaxDistance <= config.Buckets / 4)
        {
            throw new ArgumentException(
                $"umT5: expected buckets in fours and a larger distance, found {config.Buckets} and {config.MaxDistance}");
        }

        Config = config;
        embedding = (weights.Device.type == DeviceType.CUDA ? weights.On(CPU) : weights)["token_embedding"]
            .LoadMatrix("weight", [config.Vocabulary, config.Width]);
        type = weights.Type;
        device = weights.Device;
        blocks = [.. Enumerable.Range(0, config.Blocks).Select(i => new Block(weights["blocks"][i], config))];
        norm = new RmsNorm(weights["norm"], config.Width, config.Epsilon);
    }

    /// <summary>Sizes of the network.</summary>
    public UmT5Config Config { get; }

    /// <summary>
    /// Returns whether a checkpoint may contain this key although the network does not use it: decoder, tokenizer, second copy of the
    /// embedding.
    /// </summary>
    public static bool IgnoresKey(string key) =>
        key is "spiece_model" || Array.Exists(IgnoredPrefixes, prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Encodes token ids.</summary>
    /// <param name="ids">[B, L], int64, each below <see cref="UmT5Config.Vocabulary"/>.</param>
    /// <param name="mask">[B, L]: 0 at padding, any other number at tokens.</param>
    /// <returns>[B, L, width]; values at padding have no meaning.</returns>
    public Tensor Forward(Tensor ids, Tensor mask)
    {
        if (ids.dim() != 2 || !ids.shape.AsSpan().SequenceEqual(mask.shape))
        {
            throw new ArgumentException(
                $"umT5: expected ids and mask of one shape [B, L], found [{string.Join(", ", ids.shape)}] and " +
                $"[{string.Join(", ", mask.shape)}]");
        }

        return Scoped(() =>
        {
            long length = ids.shape[1];
            var buckets = RelativePosition.Buckets(length, Config, device); // [L * L]
            var padding = mask.to(device).eq(0).view(-1, 1, 1, length);
            var x = embedding.index_select(0, ids.flatten().to(embedding.device)).to(type, device).view(-1, length, Config.Width);
            return norm.Forward(Chain(x, blocks.Select(block => (Func<Tensor, Tensor>)(h => block.Forward(h, buckets, padding)))));
        });
    }

    /// <summary>One block. Reference: line 149.</summary>
    private sealed class Block(Weights weights, UmT5Config config)
    {
        private readonly RmsNorm attentionNorm = new(weights["norm1"], config.Width, config.Epsilon);
        private readonly Linear query = new(weights["attn"]["q"], config.Width, config.AttentionWidth, bias: false);
        private readonly Linear key = new(weights["attn"]["k"], config.Width, config.AttentionWidth, bias: false);
        private readonly Linear value = new(weights["attn"]["v"], config.Width, config.AttentionWidth, bias: false);
        private readonly Linear output = new(weights["attn"]["o"], config.AttentionWidth, config.Width, bias: false);
        private readonly Tensor positions = weights["pos_embedding"]["embedding"].Load("weight", [config.Buckets, config.Heads]);
        private readonly RmsNorm feedForwardNorm = new(weights["norm2"], config.Width, config.Epsilon);
        private readonly Linear gate = new(weights["ffn"]["gate"][0], config.Width, config.FeedForward, bias: false);
        private readonly Linear expand = new(weights["ffn"]["fc1"], config.Width, config.FeedForward, bias: false);
        private readonly Linear contract = new(weights["ffn"]["fc2"], config.FeedForward, config.Width, bias: false);

        /// <summary>Computes the block.</summary>
        /// <param name="x">[B, L, width]</param>
        /// <param name="buckets">[L * L]</param>
        /// <param name="padding">[B, 1, 1, L], true at keys that are padding.</param>
        public Tensor Forward(Tensor x, Tensor buckets, Tensor padding) => Scoped(() =>
        {
            var y = Clamped(x + Attend(attentionNorm.Forward(x), buckets, padding));
            return Clamped(y + FeedForward(feedForwardNorm.Forward(y)));
        });

        private Tensor Attend(Tensor x, Tensor buckets, Tensor padding) => Scoped(() =>
        {
            long length = x.shape[1];
            var q = Attention.SplitHeads(query.Forward(x), config.Heads); // [B, H, L, D]
            var k = Attention.SplitHeads(key.Forward(x), config.Heads);
            var v = Attention.SplitHeads(value.Forward(x), config.Heads);
            var bias = positions.index_select(0, buckets).view(length, length, config.Heads).permute(2, 0, 1); // [H, L, L]
            var masked = bias.masked_fill(padding, finfo(x.dtype).min); // [B, H, L, L]
            var scores = q.matmul(k.transpose(-2, -1)) + masked; // T5 does not divide by sqrt(D)
            var attended = scores.softmax(-1, ScalarType.Float32).to(x.dtype).matmul(v);
            return output.Forward(attended.transpose(1, 2).flatten(2));
        });

        private Tensor FeedForward(Tensor x) => Scoped(() =>
            contract.Forward(expand.Forward(x) * gate.Forward(x).gelu(TorchSharp.Modules.GELU.Approximate.tanh)));

        /// <summary>
        /// Limits float16 values: the residual of the released network exceeds the range of float16 in the later blocks. Reference: line
        /// 25.
        /// </summary>
        private static Tensor Clamped(Tensor x) => x.dtype == ScalarType.Float16 ? x.clamp(-64504, 64504) : x;
    }
}
