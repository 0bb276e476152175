using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>
/// Positional embedding: GELU of a grouped convolution over many frames (arXiv:2006.11477, section 2). Its weight is g * v / |v| for each
/// place of the kernel (weight normalisation, arXiv:1602.07868). Old files name these weight_g and weight_v, new ones original0 and
/// original1.
/// </summary>
internal sealed class PositionalConvolution
{
    private readonly Tensor length;
    private readonly Tensor direction;
    private readonly Tensor bias;
    private readonly Convolution convolution;

    /// <summary>Loads the convolution.</summary>
    public PositionalConvolution(Weights weights, Wav2Vec2Config config)
    {
        bool old = weights.Contains("weight_g");
        var parametrized = weights["parametrizations"]["weight"];
        long[] lengths = [1, 1, config.PositionKernel],
            directions = [config.Width, config.Width / config.PositionGroups, config.PositionKernel];
        length = old ? weights.Load("weight_g", lengths, Initial.Ones) : parametrized.Load("original0", lengths, Initial.Ones);
        direction = old ? weights.Load("weight_v", directions) : parametrized.Load("original1", directions);
        bias = weights.Load("bias", [config.Width], Initial.Zeros);
        convolution = new Convolution(direction, padding: [config.PositionKernel / 2], groups: config.PositionGroups);
    }

    /// <summary>Computes the embedding.</summary>
    /// <param name="x">[B, L, width]</param>
    /// <returns>[B, L, width]</returns>
    public Tensor Forward(Tensor x) => Scoped(() =>
    {
        var wide = direction.to(ScalarType.Float32);
        var weight = (length * wide / linalg.vector_norm(wide, dims: [0, 1], keepdim: true)).to(x.dtype);
        var y = convolution.Forward(x.transpose(1, 2), weight, bias);
        return y.narrow(2, 0, x.shape[1]).gelu().transpose(1, 2); // an even kernel gives one frame too many
    });
}
