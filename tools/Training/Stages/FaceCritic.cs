using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Training.Stages;

/// <summary>
/// A patch discriminator (Isola et al., arXiv:1611.07004): it learns to distinguish upsampled from rendered crops of faces. Its inputs are
/// two consecutive frames, so that it detects flicker, and the generated frame from which the first was upsampled. It is used in training
/// only.
/// </summary>
internal sealed class FaceCritic
{
    private const double Slope = 0.2;
    private static readonly int[] Widths = [32, 64, 128];
    private readonly (Tensor Weight, Tensor Bias)[] layers;
    private readonly Tensor scoreWeight, scoreBias;
    private readonly ScalarType type;

    public FaceCritic(Weights weights)
    {
        type = weights.Type;
        int inputs = 9;
        layers = new (Tensor, Tensor)[Widths.Length];
        for (int i = 0; i < Widths.Length; i++)
        {
            var layer = weights["layers"][i];
            layers[i] = (layer.Load("weight", [Widths[i], inputs, 4, 4]), layer.Load("bias", [Widths[i]], Initial.Zeros));
            inputs = Widths[i];
        }
        scoreWeight = weights["score"].Load("weight", [1, inputs, 3, 3]);
        scoreBias = weights["score"].Load("bias", [1], Initial.Zeros);
    }

    /// <param name="frames">Two consecutive frames and the generated frame of the first, [B, 9, S, S].</param>
    /// <returns>The features of every layer, and then the scores: near 1 for rendered and near 0 for upsampled patches.</returns>
    public IReadOnlyList<Tensor> Forward(Tensor frames)
    {
        var results = new List<Tensor>();
        var x = frames.to(type);
        foreach (var (weight, bias) in layers)
        {
            x = leaky_relu(conv2d(x, weight, bias, strides: [2, 2], padding: [1, 1]), Slope);
            results.Add(x);
        }
        results.Add(conv2d(x, scoreWeight, scoreBias, padding: [1, 1]).to(float32));
        return results;
    }
}
