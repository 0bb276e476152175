using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Keys and values, [B, H, L, D] each. They do not change between the steps of a clip.</summary>
public sealed record KeysValues(Tensor Keys, Tensor Values) : IDisposable
{
    public void Dispose()
    {
        Keys.Dispose();
        Values.Dispose();
    }
}

/// <summary>Cross attention on text tokens and, with keys and values of its own, on picture tokens; the two outputs are added.</summary>
public sealed class ContextAttention(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear query = new(weights["q"], config.Width, config.Width);
    private readonly Linear textKey = new(weights["k"], config.Width, config.Width);
    private readonly Linear textValue = new(weights["v"], config.Width, config.Width);
    private readonly Linear imageKey = new(weights["k_img"], config.Width, config.Width);
    private readonly Linear imageValue = new(weights["v_img"], config.Width, config.Width);
    private readonly Linear output = new(weights["o"], config.Width, config.Width);
    private readonly RmsNorm queryNorm = new(weights["norm_q"], config.Width, config.Epsilon);
    private readonly RmsNorm textKeyNorm = new(weights["norm_k"], config.Width, config.Epsilon);
    private readonly RmsNorm imageKeyNorm = new(weights["norm_k_img"], config.Width, config.Epsilon);

    /// <param name="text">[B, L, C], embedded.</param>
    public KeysValues Text(Tensor text) => Project(text, textKey, textKeyNorm, textValue);

    /// <param name="image">[B, L, C], embedded.</param>
    public KeysValues Image(Tensor image) => Project(image, imageKey, imageKeyNorm, imageValue);

    public LinearPrecision Precision => query.Precision;

    /// <param name="x">[B, L, C]</param>
    public Tensor Forward(Activations x, KeysValues text, KeysValues image)
    {
        using var scope = NewDisposeScope();
        return output.Forward(Attend(x, text, image)).MoveToOuterDisposeScope();
    }

    private Activations Attend(Activations x, KeysValues text, KeysValues image)
    {
        using var scope = NewDisposeScope();
        var q = queryNorm.ForwardHeads(query.Forward(x), config.Heads);
        return QuantiseRows.Sum(Attention.Forward(q, text.Keys, text.Values), Attention.Forward(q, image.Keys, image.Values), output.Precision).MoveToOuterDisposeScope();
    }

    private KeysValues Project(Tensor tokens, Linear key, RmsNorm norm, Linear value)
    {
        using var scope = NewDisposeScope();
        var keys = norm.ForwardHeads(key.Forward(tokens), config.Heads);
        var values = Attention.SplitHeads(value.Forward(tokens), config.Heads);
        return new KeysValues(keys.MoveToOuterDisposeScope(), values.MoveToOuterDisposeScope());
    }
}
