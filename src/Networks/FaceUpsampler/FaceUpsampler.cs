using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.FaceUpsampler;

/// <summary>
/// Upsamples the moving parts of a face from the size of the video network to that of the portrait. Its inputs are the generated frame, the
/// autoencoder's reconstruction of the portrait, and the portrait. It copies colours and detail of the portrait where the face did not
/// move, and draws sharp contours where it moved.
/// </summary>
/// <remarks>
/// All convolutions run at the small size; the portrait enters and the picture leaves with the pixels of a square as channels (Shi et al.,
/// arXiv:1609.05158).
/// </remarks>
public sealed class FaceUpsampler
{
    private const int Colours = 3;
    private readonly FlatConvolution first, last;
    private readonly (FlatConvolution In, FlatConvolution Out)[] blocks;

    public FaceUpsampler(Weights weights, FaceUpsamplerConfig config)
    {
        Config = config;
        Type = weights.Type;
        int square = config.Factor * config.Factor;
        first = new(weights["first"], Colours * (2 + square), config.Width);
        blocks = [.. Enumerable.Range(0, config.Blocks).Select(i => weights["blocks"][i])
            .Select(block => (
                new FlatConvolution(block["in"], config.Width, config.Width),
                new FlatConvolution(block["out"], config.Width, config.Width)))];
        last = new(weights["last"], config.Width, (Colours + 1) * square);
    }

    public FaceUpsamplerConfig Config { get; }

    /// <summary>Type in which the network computes.</summary>
    public ScalarType Type { get; }

    /// <param name="drawn">[B, 3, h, w] in [-1, 1].</param>
    /// <param name="reference">The portrait as the video network draws it, [B or 1, 3, h, w].</param>
    /// <param name="portrait">[B or 1, 3, factor * h, factor * w] in [-1, 1].</param>
    /// <returns>[B, 3, factor * h, factor * w], float32, about within [-1, 1].</returns>
    public Tensor Forward(Tensor drawn, Tensor reference, Tensor portrait)
    {
        using var scope = NewDisposeScope();
        var squares = pixel_unshuffle(portrait, Config.Factor).to(Type).expand(drawn.shape[0], -1, -1, -1);
        // channels last in memory
        var x = cat([drawn.to(Type), (drawn - reference).to(Type), squares], 1).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        x = first.Forward(x);
        foreach (var (entry, exit) in blocks) x = x + exit.Forward(silu(entry.Forward(silu(x))));
        var made = last.Forward(silu(x)).to(ScalarType.Float32);
        long square = (long)Config.Factor * Config.Factor;
        var change = pixel_shuffle(made.narrow(1, 0, Colours * square), Config.Factor);
        var kept = pixel_shuffle(made.narrow(1, Colours * square, square), Config.Factor).sigmoid(); // how much of the portrait stays
        var large = interpolate(
            drawn, scale_factor: [Config.Factor, Config.Factor], mode: InterpolationMode.Bilinear, align_corners: false);
        return (large + kept * (portrait - large) + change).MoveToOuterDisposeScope();
    }

    /// <summary>3 x 3 pixels, zeros around the picture.</summary>
    private sealed class FlatConvolution
    {
        private readonly Tensor weight, bias;
        private readonly Convolution convolution;

        public FlatConvolution(Weights weights, int inputs, int outputs)
        {
            weight = weights.Load("weight", [outputs, inputs, 3, 3]);
            bias = weights.Load("bias", [outputs], Initial.Zeros);
            convolution = new Convolution(weight, padding: [1, 1], channelsLast: true);
            weight = convolution.Prepare(weight);
            bias = convolution.Prepare(bias);
        }

        public Tensor Forward(Tensor x) => convolution.Forward(x, weight, bias);
    }
}
