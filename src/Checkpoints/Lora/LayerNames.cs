using System.Text.RegularExpressions;

namespace Locutor.Checkpoints.Lora;

/// <summary>
/// Finds a network's layer by the spellings in adapter files: its own path, the path with underscores for dots, and the names of the
/// diffusers port of Wan.
/// </summary>
internal sealed partial class LayerNames
{
    private readonly Dictionary<string, string> layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> spellings = new(StringComparer.Ordinal);

    /// <summary>Collects the spellings of all layers.</summary>
    /// <param name="keys">Keys of the network's parameters, such as <c>blocks.0.self_attn.q.weight</c>.</param>
    public LayerNames(IEnumerable<string> keys)
    {
        foreach (string key in keys)
        {
            string layer = Layer(key);
            if (!layers.TryAdd(layer, layer)) continue;
            Spell(layer, layer);
            if (Diffusers(layer) is { } other) Spell(other, layer);
        }
    }

    /// <summary>Finds a layer by any of its spellings.</summary>
    /// <returns>The network's own name for the layer, or null if there is none.</returns>
    public string? Find(string spelled) =>
        layers.TryGetValue(spelled, out string? exact) ? exact : spellings.GetValueOrDefault(Flat(spelled));

    /// <summary>Returns the layers whose names are most similar to <paramref name="spelled"/>.</summary>
    public IEnumerable<string> Nearest(string spelled) => NearestNames.To(Flat(spelled), layers.Keys, Flat);

    /// <summary>Returns a parameter's layer: the key without its last part. A <c>modulation</c> belongs to its block.</summary>
    private static string Layer(string key) => key.LastIndexOf('.') is > 0 and var dot ? key[..dot] : key;

    /// <summary>Registers a spelling of a layer. A spelling that two layers share becomes invalid for both.</summary>
    private void Spell(string spelling, string layer)
    {
        string flat = Flat(spelling);
        if (spellings.TryGetValue(flat, out string? other) && other != layer) spellings[flat] = null;
        else spellings[flat] = layer;
    }

    private static string Flat(string name) => name.Replace('.', '_');

    /// <summary>Returns the diffusers name of a Wan layer, or null if diffusers has no other name for it.</summary>
    private static string? Diffusers(string layer)
    {
        var match = BlockLayer().Match(layer);
        if (match.Success && BlockNames.TryGetValue(match.Groups["rest"].Value, out string? inner))
            return $"{match.Groups["block"].Value}.{inner}";
        return TopNames.GetValueOrDefault(layer);
    }

    private static readonly Dictionary<string, string> BlockNames = new(StringComparer.Ordinal)
    {
        ["self_attn.q"] = "attn1.to_q",
        ["self_attn.k"] = "attn1.to_k",
        ["self_attn.v"] = "attn1.to_v",
        ["self_attn.o"] = "attn1.to_out.0",
        ["self_attn.norm_q"] = "attn1.norm_q",
        ["self_attn.norm_k"] = "attn1.norm_k",
        ["cross_attn.q"] = "attn2.to_q",
        ["cross_attn.k"] = "attn2.to_k",
        ["cross_attn.v"] = "attn2.to_v",
        ["cross_attn.o"] = "attn2.to_out.0",
        ["cross_attn.k_img"] = "attn2.add_k_proj",
        ["cross_attn.v_img"] = "attn2.add_v_proj",
        ["cross_attn.norm_q"] = "attn2.norm_q",
        ["cross_attn.norm_k"] = "attn2.norm_k",
        ["cross_attn.norm_k_img"] = "attn2.norm_added_k",
        ["norm3"] = "norm2",
        ["ffn.0"] = "ffn.net.0.proj",
        ["ffn.2"] = "ffn.net.2",
    };

    private static readonly Dictionary<string, string> TopNames = new(StringComparer.Ordinal)
    {
        ["text_embedding.0"] = "condition_embedder.text_embedder.linear_1",
        ["text_embedding.2"] = "condition_embedder.text_embedder.linear_2",
        ["time_embedding.0"] = "condition_embedder.time_embedder.linear_1",
        ["time_embedding.2"] = "condition_embedder.time_embedder.linear_2",
        ["time_projection.1"] = "condition_embedder.time_proj",
        ["img_emb.proj.0"] = "condition_embedder.image_embedder.norm1",
        ["img_emb.proj.1"] = "condition_embedder.image_embedder.ff.net.0.proj",
        ["img_emb.proj.3"] = "condition_embedder.image_embedder.ff.net.2",
        ["img_emb.proj.4"] = "condition_embedder.image_embedder.norm2",
        ["head.head"] = "proj_out",
    };

    [GeneratedRegex(@"^(?<block>blocks\.[0-9]+)\.(?<rest>.+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex BlockLayer();
}
