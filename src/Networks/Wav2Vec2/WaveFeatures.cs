using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>
/// Convolutions over the waveform, each followed by GELU (arXiv:2006.11477, section 2). The first one has a group norm, whose mean and
/// variance are those of each channel over the whole waveform. They are summed piece by piece first; then every piece is convolved with
/// exactly the samples of its receptive field, so that an hour of audio fits into memory.
/// </summary>
internal sealed class WaveFeatures
{
    private const double Epsilon = 1e-5; // of the group norm; the layer norms may have another one

    private readonly Wav2Vec2Config config;
    private readonly ScalarType type;
    private readonly Tensor[] kernels;
    private readonly Convolution[] convolutions;
    private readonly Tensor normWeight;
    private readonly Tensor normBias;

    /// <summary>Loads the convolutions.</summary>
    public WaveFeatures(Weights weights, Wav2Vec2Config config)
    {
        (this.config, type) = (config, weights.Type);
        Tensor[] loaded = [.. Enumerable.Range(0, config.ConvolutionWidths.Count).Select(i =>
            weights[i]["conv"].Load(
                "weight", [config.ConvolutionWidths[i], i == 0 ? 1 : config.ConvolutionWidths[i - 1], config.ConvolutionKernels[i]]))];
        convolutions = [.. loaded.Select((kernel, i) => new Convolution(kernel, [config.ConvolutionStrides[i]]))];
        kernels = [.. convolutions.Zip(loaded, (convolution, kernel) => convolution.Prepare(kernel))];
        normWeight = weights[0]["layer_norm"].Load("weight", [config.ConvolutionWidths[0]], Initial.Ones, ScalarType.Float32);
        normBias = weights[0]["layer_norm"].Load("bias", [config.ConvolutionWidths[0]], Initial.Zeros, ScalarType.Float32);
    }

    /// <summary>Computes the features of waveforms.</summary>
    /// <param name="wave">[B, samples], at least one receptive field.</param>
    /// <param name="pieceFeatures">Number of features that are computed at once.</param>
    /// <returns>[B, C, features]</returns>
    public Tensor Forward(Tensor wave, int pieceFeatures) => Scoped(() =>
    {
        var samples = wave.to(type).unsqueeze(1); // [B, 1, samples]
        return cat([.. Convolved(samples.shape[2], (start, count) => samples.narrow(2, start, count), pieceFeatures)], 2);
    });

    /// <summary>Computes the features of one waveform that is read piece by piece.</summary>
    /// <param name="samples">Number of samples.</param>
    /// <param name="read">Reads samples.</param>
    /// <param name="pieceFeatures">Number of features that are computed at once.</param>
    /// <returns>[1, C, at most <paramref name="pieceFeatures"/>]; the caller disposes of each.</returns>
    public IEnumerable<Tensor> Stream(long samples, ReadSamples read, int pieceFeatures) =>
        Convolved(samples, (start, count) => read(start, (int)count).to(type).view(1, 1, -1), pieceFeatures);

    private IEnumerable<Tensor> Convolved(long samples, Func<long, long, Tensor> read, int pieceFeatures)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceFeatures, 1);
        var (scale, shift) = FirstNorm(samples, read, (long)pieceFeatures * config.Stride() / config.ConvolutionStrides[0]);
        using (scale)
        using (shift)
        {
            foreach (var (start, count) in Pieces(samples, config.ReceptiveField(), config.Stride(), pieceFeatures))
                yield return Convolve(() => read(start, count), scale, shift);
        }
    }

    private Tensor Convolve(Func<Tensor> piece, Tensor scale, Tensor shift) => Scoped(() =>
    {
        var x = (Convolve(0, piece()) * scale + shift).to(type).gelu();
        return Chain(x, Enumerable.Range(1, kernels.Length - 1).Select(i => (Func<Tensor, Tensor>)(h => Convolve(i, h).gelu())));
    });

    private Tensor Convolve(int layer, Tensor x) => convolutions[layer].Forward(x, kernels[layer], null);

    /// <summary>Returns the group norm (one channel for each group) as x * scale + shift; both are [B, C, 1], float32.</summary>
    private (Tensor Scale, Tensor Shift) FirstNorm(long samples, Func<long, long, Tensor> read, long pieceOutputs) => Scoped(() =>
    {
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
        return (scale.to(ScalarType.Float32), shift.to(ScalarType.Float32));
    });

    /// <summary>Returns sum and sum of squares over time, [2, B, C, 1] in float64, because the variance is their difference.</summary>
    private Tensor Sums(Func<Tensor> piece) => Scoped(() =>
    {
        var y = Convolve(0, piece()).to(ScalarType.Float64);
        return stack([y.sum(2, keepdim: true), y.square().sum(2, keepdim: true)], 0);
    });

    /// <summary>Divides the samples into the receptive fields of so many outputs each.</summary>
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
