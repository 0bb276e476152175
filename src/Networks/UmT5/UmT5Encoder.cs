using Locutor.Networks.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Networks.UmT5;

/// <summary>
/// The encoder of umT5 (arXiv:2304.09151): T5 1.1 (arXiv:1910.10683) whose every block has a relative position bias of its own.
/// </summary>
public sealed class UmT5Encoder
{
    private static readonly string[] LeftParts = ["encoder.embed_tokens.", "decoder.", "lm_head."];

    private readonly Tensor embedding; // [vocabulary, width], in the host's memory even if the rest is on a GPU: 2 GiB, of which a prompt reads a few rows
    private readonly Device device;
    private readonly ScalarType type;
    private readonly Block[] blocks;
    private readonly RmsNorm norm;

    public UmT5Encoder(Weights weights, UmT5Config config)
    {
        if (config.AttentionWidth % config.Heads != 0) throw new ArgumentException($"umT5: {config.Heads} heads do not divide an attention width of {config.AttentionWidth}");
        if (config.Buckets < 4 || config.Buckets % 4 != 0 || config.MaxDistance <= config.Buckets / 4)
            throw new ArgumentException($"umT5: expected buckets in fours and a larger distance, found {config.Buckets} and {config.MaxDistance}");
        Config = config;
        embedding = (weights.Device.type == DeviceType.CUDA ? weights.On(CPU) : weights)["token_embedding"].LoadMatrix("weight", [config.Vocabulary, config.Width]);
        type = weights.Type;
        device = weights.Device;
        blocks = [.. Enumerable.Range(0, config.Blocks).Select(i => new Block(weights["blocks"][i], config))];
        norm = new RmsNorm(weights["norm"], config.Width, config.Epsilon);
    }

    public UmT5Config Config { get; }

    /// <summary>Whether a file of this network may hold that tensor though nothing here reads it: a decoder, the tokenizer, the embedding a second time.</summary>
    public static bool Leaves(string key) => key is "spiece_model" || Array.Exists(LeftParts, part => key.StartsWith(part, StringComparison.Ordinal));

    /// <param name="ids">[B, L], int64, each below <see cref="UmT5Config.Vocabulary"/>.</param>
    /// <param name="mask">[B, L]: 0 where padding stands, anything else at tokens.</param>
    /// <returns>[B, L, width]; what stands at padding means nothing.</returns>
    public Tensor Forward(Tensor ids, Tensor mask)
    {
        if (ids.dim() != 2 || !ids.shape.AsSpan().SequenceEqual(mask.shape))
            throw new ArgumentException($"umT5: expected ids and mask of one shape [B, L], found [{string.Join(", ", ids.shape)}] and [{string.Join(", ", mask.shape)}]");
        using var scope = NewDisposeScope();
        long length = ids.shape[1];
        var buckets = RelativePosition.Buckets(length, Config, device); // [L * L]
        var padding = mask.to(device).eq(0).view(-1, 1, 1, length);
        var x = embedding.index_select(0, ids.flatten().to(embedding.device)).to(type, device).view(-1, length, Config.Width);
        foreach (var block in blocks)
        {
            var next = block.Forward(x, buckets, padding);
            x.Dispose();
            x = next;
        }
        return norm.Forward(x).MoveToOuterDisposeScope();
    }

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

        /// <param name="x">[B, L, width]</param>
        /// <param name="buckets">[L * L]</param>
        /// <param name="padding">[B, 1, 1, L], true at keys that are padding.</param>
        public Tensor Forward(Tensor x, Tensor buckets, Tensor padding)
        {
            using var scope = NewDisposeScope();
            x = Finite(x + Attend(attentionNorm.Forward(x), buckets, padding));
            return Finite(x + FeedForward(feedForwardNorm.Forward(x))).MoveToOuterDisposeScope();
        }

        private Tensor Attend(Tensor x, Tensor buckets, Tensor padding)
        {
            using var scope = NewDisposeScope();
            long length = x.shape[1];
            var q = Attention.SplitHeads(query.Forward(x), config.Heads); // [B, H, L, D]
            var k = Attention.SplitHeads(key.Forward(x), config.Heads);
            var v = Attention.SplitHeads(value.Forward(x), config.Heads);
            var bias = positions.index_select(0, buckets).view(length, length, config.Heads).permute(2, 0, 1); // [H, L, L]
            var hidden = bias.masked_fill(padding, finfo(x.dtype).min); // [B, H, L, L]
            var scores = q.matmul(k.transpose(-2, -1)) + hidden; // T5 does not divide by sqrt(D)
            var attended = scores.softmax(-1, ScalarType.Float32).to(x.dtype).matmul(v);
            return output.Forward(attended.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
        }

        private Tensor FeedForward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return contract.Forward(expand.Forward(x) * gate.Forward(x).gelu(TorchSharp.Modules.GELU.Approximate.tanh)).MoveToOuterDisposeScope();
        }

        // The residual of the release leaves the range of float16 in its later blocks.
        private static Tensor Finite(Tensor x) => x.dtype == ScalarType.Float16 ? x.clamp(-64504, 64504) : x;
    }
}
