using System.Text.RegularExpressions;

namespace Locutor.Checkpoints.Lora;

/// <summary>Role of a tensor in an adapter file.</summary>
internal enum LoraPart
{
    Down,
    Up,
    Alpha,
    Weight,
    Bias,
    Modulation,
}

/// <summary>A parsed key of an adapter file: the layer that it changes, in the file's spelling, and the tensor's role.</summary>
internal sealed partial record LoraKey(string Layer, LoraPart Part)
{
    private static readonly string[] Prefixes =
    [
        "base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer.", "pipe.dit.", "dit.", "lora_unet_",
        "lora_transformer_"
    ];

    /// <summary>Parses a key of an adapter file.</summary>
    /// <returns>Null if the key has no known ending.</returns>
    public static LoraKey? Parse(string key)
    {
        var match = Ending().Match(key);
        if (!match.Success) return null;
        var part = match.Groups["down"].Success ? LoraPart.Down
            : match.Groups["up"].Success ? LoraPart.Up
            : match.Groups["end"].Value switch
            {
                "alpha" => LoraPart.Alpha,
                "diff" => LoraPart.Weight,
                "diff_b" => LoraPart.Bias,
                _ => LoraPart.Modulation,
            };
        return new LoraKey(WithoutPrefix(key[..match.Index]), part);
    }

    /// <summary>
    /// Removes known prefixes. Prefixes may be nested (<c>base_model.model.diffusion_model.</c>), and an underscore may follow
    /// <c>lora_unet_</c>.
    /// </summary>
    private static string WithoutPrefix(string layer)
    {
        for (bool again = true; again;)
        {
            again = false;
            foreach (string prefix in Prefixes)
            {
                if (!layer.StartsWith(prefix, StringComparison.Ordinal)) continue;
                layer = layer[prefix.Length..].TrimStart('_');
                again = true;
            }
        }
        return layer;
    }

    [GeneratedRegex(
        @"\.(?:(?<down>lora_down|lora_A|lora\.down)(?:\.(?!bias$)[A-Za-z0-9_-]+)??(?:\.weight)?" +
        @"|(?<up>lora_up|lora_B|lora\.up)(?:\.(?!bias$)[A-Za-z0-9_-]+)??(?:\.weight)?|(?<end>alpha|diff|diff_b|diff_m))$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Ending();
}
