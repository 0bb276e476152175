using System.Text.RegularExpressions;

namespace Locutor.Checkpoints.Naming;

/// <summary>
/// Translates the tensor names of ported text and picture encoders to those of the published Wan files. Known ports: the transformers
/// library (<c>UMT5EncoderModel</c>, <c>CLIPVisionModelWithProjection</c>), which ComfyUI follows, and llama.cpp (T5).
/// </summary>
internal static partial class PortedNames
{
    private static readonly Dictionary<string, string> TextParts = new(StringComparer.Ordinal)
    {
        ["0.layer_norm"] = "norm1",
        ["0.SelfAttention.q"] = "attn.q",
        ["0.SelfAttention.k"] = "attn.k",
        ["0.SelfAttention.v"] = "attn.v",
        ["0.SelfAttention.o"] = "attn.o",
        ["0.SelfAttention.relative_attention_bias"] = "pos_embedding.embedding",
        ["1.layer_norm"] = "norm2",
        ["1.DenseReluDense.wi_0"] = "ffn.gate.0", // the part that passes through the GELU
        ["1.DenseReluDense.wi_1"] = "ffn.fc1",
        ["1.DenseReluDense.wo"] = "ffn.fc2",
    };

    private static readonly Dictionary<string, string> LlamaParts = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "norm1",
        ["attn_q"] = "attn.q",
        ["attn_k"] = "attn.k",
        ["attn_v"] = "attn.v",
        ["attn_o"] = "attn.o",
        ["attn_rel_b"] = "pos_embedding.embedding",
        ["ffn_norm"] = "norm2",
        ["ffn_gate"] = "ffn.gate.0",
        ["ffn_up"] = "ffn.fc1",
        ["ffn_down"] = "ffn.fc2",
    };

    private static readonly Dictionary<string, string> PictureParts = new(StringComparer.Ordinal)
    {
        ["layer_norm1"] = "norm1",
        ["self_attn.q_proj"] = "attn.q",
        ["self_attn.k_proj"] = "attn.k",
        ["self_attn.v_proj"] = "attn.v",
        ["self_attn.out_proj"] = "attn.proj",
        ["layer_norm2"] = "norm2",
        ["mlp.fc1"] = "mlp.0",
        ["mlp.fc2"] = "mlp.2",
    };

    /// <summary>Names outside the blocks: a prefix that ends in a dot, or a whole key.</summary>
    private static readonly (string Theirs, string Ours)[] Tops =
    [
        ("shared.", "token_embedding."), ("encoder.embed_tokens.", "token_embedding."), ("encoder.final_layer_norm.", "norm."),
        ("token_embd.", "token_embedding."), ("enc.output_norm.", "norm."),
        ("vision_model.embeddings.patch_embedding.", "visual.patch_embedding."), ("vision_model.pre_layrnorm.", "visual.pre_norm."),
        ("vision_model.post_layernorm.", "visual.post_norm."), ("vision_model.embeddings.class_embedding", "visual.cls_embedding"),
        ("vision_model.embeddings.position_embedding.weight", "visual.pos_embedding"), ("visual_projection.", "visual.head."),
    ];

    /// <summary>True if the keys are those of a known port.</summary>
    public static bool Fit(IEnumerable<string> keys) =>
        keys.Any(key => TextBlock().IsMatch(key) || LlamaBlock().IsMatch(key) || PictureBlock().IsMatch(key));

    /// <summary>
    /// Returns the published name of a port's tensor, also for the scales and <c>_data</c> of a quantised weight; null if the published
    /// files have no such tensor.
    /// </summary>
    public static string? Find(string key)
    {
        if (Inner(TextBlock().Match(key), TextParts) is { } text) return "blocks." + text;
        if (Inner(LlamaBlock().Match(key), LlamaParts) is { } llama) return "blocks." + llama;
        if (Inner(PictureBlock().Match(key), PictureParts) is { } picture) return "visual.transformer." + picture;
        var (theirs, ours) = Array.Find(
            Tops,
            top => key.StartsWith(top.Theirs, StringComparison.Ordinal) && (top.Theirs.EndsWith('.') || key.Length == top.Theirs.Length));
        return theirs is null ? null : ours + key[theirs.Length..];
    }

    private static string? Inner(Match match, Dictionary<string, string> parts) =>
        match.Success && parts.TryGetValue(match.Groups["part"].Value, out string? ours)
            ? $"{match.Groups["block"].Value}.{ours}.{match.Groups["rest"].Value}"
            : null;

    [GeneratedRegex(
        @"^encoder\.block\.(?<block>[0-9]{1,4})\.layer\." +
        @"(?<part>[01]\.(?:layer_norm|(?:SelfAttention|DenseReluDense)\.[a-z_01]+))\.(?<rest>.+)$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex TextBlock();

    [GeneratedRegex(@"^enc\.blk\.(?<block>[0-9]{1,4})\.(?<part>[a-z_]+)\.(?<rest>.+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex LlamaBlock();

    [GeneratedRegex(
        @"^vision_model\.encoder\.layers\.(?<block>[0-9]{1,4})\.(?<part>layer_norm[12]|(?:self_attn|mlp)\.[a-z_12]+)\.(?<rest>.+)$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex PictureBlock();
}
