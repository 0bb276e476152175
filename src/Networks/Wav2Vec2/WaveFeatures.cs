using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>
/// Convolutions over the wave, each followed by GELU; the first is normalised per channel over the whole length of the sound. So
/// that an hour of sound fits, that mean and variance are gathered piece by piece first, and then every piece goes through all
/// convolutions with exactly the samples its features are made of.
/// </summary>
internal sealed class WaveFeatures
{
    private const double Epsilon = 1e-5; // of the group norm, whatever the layer norms have

    private readonly Wav2Vec2Config config;
    private readonly ScalarType type;
    private readonly Tensor[] kernels;
    private readonly Convolution[] convolutions;
    private readonly Tensor normWeight;
    private readonly Tensor normBias;

    public WaveFeatures(Weights weights, Wav2Vec2Config config)
    {
        (this.config, type) = (config, weights.Type);
        Tensor[] loaded = [.. Enumerable.Range(0, config.ConvolutionWidths.Count).Select(i =>
            weights[i]["conv"].Load("weight", [config.ConvolutionWidths[i], i == 0 ? 1 : config.ConvolutionWidths[i - 1], config.ConvolutionKernels[i]]))];
        convolutions = [.. loaded.Select((kernel, i) => new Convolution(kernel, [config.ConvolutionStrides[i]]))];
        kernels = [.. convolutions.Zip(loaded, (convolution, kernel) => convolution.Prepare(kernel))];
        normWeight = weights[0]["layer_norm"].Load("weight", [config.ConvolutionWidths[0]], Initial.Ones, ScalarType.Float32);
        normBias = weights[0]["layer_norm"].Load("bias", [config.ConvolutionWidths[0]], Initial.Zeros, ScalarType.Float32);
    }

    /// <param name="wave">[B, samples], at least one receptive field.</param>
    /// <param name="pieceFeatures">Computed at once.</param>
    /// <returns>[B, C, features]</returns>
    public Tensor Forward(Tensor wave, int pieceFeatures)
    {
        using var scope = NewDisposeScope();
        wave = wave.to(type).unsqueeze(1); // [B, 1, samples]
        return cat([.. Convolved(wave.shape[2], (start, count) => wave.narrow(2, start, count), pieceFeatures)], 2).MoveToOuterDisposeScope();
    }

    /// <summary>The same for one sound that is read piece by piece.</summary>
    /// <returns>[1, C, at most <paramref name="pieceFeatures"/>]; dispose each.</returns>
    public IEnumerable<Tensor> Stream(long samples, ReadSamples read, int pieceFeatures) =>
        Convolved(samples, (start, count) => read(start, (int)count).to(type).view(1, 1, -1), pieceFeatures);

    private IEnumerable<Tensor> Convolved(long samples, Func<long, long, Tensor> read, int pieceFeatures)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceFeatures, 1);
        var (scale, shift) = FirstNorm(samples, read, (long)pieceFeatures * config.Stride() / config.ConvolutionStrides[0]);
        using (scale)
        using (shift)
        {
            foreach (var (start, count) in Pieces(samples, config.ReceptiveField(), config.Stride(), pieceFeatures)) yield return Convolve(() => read(start, count), scale, shift);
        }
    }

    private Tensor Convolve(Func<Tensor> piece, Tensor scale, Tensor shift)
    {
        using var scope = NewDisposeScope();
        var x = (Convolve(0, piece()) * scale + shift).to(type).gelu();
        for (int i = 1; i < kernels.Length; i++)
        {
            var next = Convolve(i, x).gelu();
            x.Dispose();
            x = next;
        }
        return x.MoveToOuterDisposeScope();
    }

    private Tensor Convolve(int layer, Tensor x) => convolutions[layer].Forward(x, kernels[layer], null);

    // Group norm with one channel a group, as x * scale + shift: both [B, C, 1], float32.
    private (Tensor Scale, Tensor Shift) FirstNorm(long samples, Func<long, long, Tensor> read, long pieceOutputs)
    {
        using var scope = NewDisposeScope();
        int kernel = config.ConvolutionKernels[0], stride = config.ConvolutionStrides[0];
        long outputs = (samples - kernel) / stride + 1;
        Tensor? sums = null; // [2, B, C, 1]
        foreach (var piece in Pieces(samples, kernel, stride, pieceOutputs))
        {
            var more = Sums(() => read(piece.Start, piece.Count));
            if (sums is null)
            {
                sums = more;
                continue;
            }

            sums.add_(more);
            more.Dispose(); // small tensors that remained would split the heap's large free blocks
        }

        var mean = sums![0] / outputs;
        var variance = (sums[1] / outputs - mean * mean).clamp_min(0);
        var scale = normWeight.view(1, -1, 1) / (variance + Epsilon).sqrt();
        var shift = normBias.view(1, -1, 1) - mean * scale;
        return (scale.to(ScalarType.Float32).MoveToOuterDisposeScope(), shift.to(ScalarType.Float32).MoveToOuterDisposeScope());
    }

    // Sum and sum of squares over time, in float64: the variance is their difference.
    private Tensor Sums(Func<Tensor> piece)
    {
        using var scope = NewDisposeScope();
        var y = Convolve(0, piece()).to(ScalarType.Float64);
        return stack([y.sum(2, keepdim: true), y.square().sum(2, keepdim: true)], 0).MoveToOuterDisposeScope();
    }

    // Samples of so many outputs each, of a convolution with that kernel and stride.
    private static IEnumerable<(long Start, long Count)> Pieces(long samples, int kernel, int stride, long pieceOutputs)
    {
        long outputs = (samples - kernel) / stride + 1;
        for (long first = 0; first < outputs; first += pieceOutputs)
        {
            long count = Math.Min(pieceOutputs, outputs - first);
            yield return (first * stride, (count - 1) * stride + kernel);
        }
    }
}
