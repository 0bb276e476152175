using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Keys and values of one attention. Those of text, image and speech stay the same for all steps of a clip.</summary>
/// <param name="Keys">[B, H, L, D]</param>
/// <param name="Values">[B, H, L, D]</param>
public sealed record KeysValues(Tensor Keys, Tensor Values) : ITensorGroup, IDisposable
{
    public IEnumerable<Tensor> Tensors => [Keys, Values];

    /// <summary>Returns the keys and values of consecutive latent frames, where the first axis is B * frames.</summary>
    /// <param name="batch">B.</param>
    /// <param name="first">First frame.</param>
    /// <param name="count">Number of frames.</param>
    internal KeysValues Frames(long batch, long first, long count)
    {
        return count * batch == Keys.shape[0] ? this : new(Part(Keys), Part(Values));

        Tensor Part(Tensor x) => x.unflatten(0, [batch, x.shape[0] / batch]).narrow(1, first, count).flatten(0, 1);
    }

    public void Dispose() => this.Free();
}

/// <summary>
/// Cross attention on the text and, with keys and values of its own, on the image; both results are added before the output projection.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, line 175, at commit 0107cd9.
/// </summary>
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

    /// <summary>Precision of the input that the layer expects.</summary>
    public LinearPrecision Precision => query.Precision;

    /// <summary>Computes keys and values of the text.</summary>
    /// <param name="text">[B, L, C], embedded.</param>
    public KeysValues ProjectText(Tensor text) => Project(text, textKey, textKeyNorm, textValue);

    /// <summary>Computes keys and values of the image.</summary>
    /// <param name="image">[B, L, C], embedded.</param>
    public KeysValues ProjectImage(Tensor image) => Project(image, imageKey, imageKeyNorm, imageValue);

    /// <summary>Computes the attention.</summary>
    /// <param name="x">[B, L, C]</param>
    /// <param name="text">Keys and values of the text.</param>
    /// <param name="image">Keys and values of the image.</param>
    /// <returns>[B, L, C]</returns>
    public Tensor Forward(Activations x, KeysValues text, KeysValues image) => Scoped(() =>
    {
        var attended = Scoped(() =>
        {
            var q = queryNorm.ForwardHeads(query.Forward(x), config.Heads); // [B, H, L, D]
            return QuantiseRows.Sum(
                Attention.Forward(q, text.Keys, text.Values), Attention.Forward(q, image.Keys, image.Values), output.Precision);
        });
        return output.Forward(attended);
    });

    private KeysValues Project(Tensor tokens, Linear key, RmsNorm norm, Linear value) => Scoped(() => new KeysValues(
        norm.ForwardHeads(key.Forward(tokens), config.Heads),
        Attention.SplitHeads(value.Forward(tokens), config.Heads)));
}
