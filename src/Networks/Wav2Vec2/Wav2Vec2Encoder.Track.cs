using static TorchSharp.torch;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>Reads mono samples.</summary>
/// <param name="start">First of them.</param>
/// <param name="count">How many; all lie within the sound.</param>
/// <returns>[count], float32, on the encoder's device.</returns>
public delegate Tensor ReadSamples(long start, int count);

/// <summary>Takes what a block gives for some frames.</summary>
/// <param name="block">Number of the block.</param>
/// <param name="start">First frame.</param>
/// <param name="rows">[frames, width]; valid during the call.</param>
public delegate void WriteRows(int block, long start, Tensor rows);

/// <summary>
/// The encoder over a track of any length. Every frame attends to all others, so three tensors of the track's length remain in memory while it
/// runs (hidden rows, keys and values of one block: an hour at the released sizes takes 0.8 GB, the bundled model's 0.14 GB); samples, features,
/// projections and results exist for one piece at a time.
/// </summary>
public sealed partial class Wav2Vec2Encoder
{
    private const double VarianceFloor = 1e-7;
    private const int PieceSamples = 1 << 20, LeastQueries = 16;

    /// <summary>Largest matrix of attention scores on a CPU, where libtorch may form one.</summary>
    private const long ScoreBytes = 32L << 20;

    /// <summary>Frames that the blocks compute at once.</summary>
    public int PieceFrames { get; init; } = 2048;

    /// <summary>Computes what <see cref="Forward"/> gives for the whole sound after <see cref="Normalise"/>, without gradients.</summary>
    /// <param name="samples">At least <see cref="Wav2Vec2Config.ReceptiveField"/>, at 16 kHz, of any loudness.</param>
    /// <param name="read">Called several times for each sample.</param>
    /// <param name="frames">Of video, over which the sound is spread evenly, its ends on the first and the last.</param>
    /// <param name="write">Called once for each block and frame.</param>
    public void ForwardTrack(long samples, ReadSamples read, long frames, WriteRows write)
    {
        if (samples < Config.ReceptiveField()) throw new ArgumentException($"wav2vec2: expected at least {Config.ReceptiveField()} samples, found {samples}", nameof(samples));
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        using var still = no_grad();
        using var x = WithPositions(Embed(samples, Normalised(samples, read), frames));
        using var keys = empty_like(x);
        using var values = empty_like(x);
        int queries = x.device_type == TorchSharp.DeviceType.CPU ? (int)Math.Clamp(ScoreBytes / (sizeof(float) * Config.Heads * frames), Math.Min(LeastQueries, PieceFrames), PieceFrames) : PieceFrames;
        for (int block = 0; block < blocks.Length; block++)
        {
            int number = block;
            blocks[block].ForwardInPlace(x, keys, values, queries, (start, rows) => write(number, start, rows));
        }
    }

    /// <summary>The samples as the convolutions take them: shifted and scaled twice, as the reference does.</summary>
    private static ReadSamples Normalised(long samples, ReadSamples read)
    {
        double mean = Sum(samples, read, piece => piece.to(ScalarType.Float64)) / samples;
        double variance = Sum(samples, read, piece => (piece.to(ScalarType.Float64) - mean).square()) / samples;
        double first = Math.Sqrt(variance + VarianceFloor), second = Math.Sqrt(variance / (first * first) + VarianceFloor);
        return (start, count) => (read(start, count) - mean) / first / second;
    }

    private static double Sum(long samples, ReadSamples read, Func<Tensor, Tensor> term)
    {
        double sum = 0;
        for (long start = 0; start < samples; start += PieceSamples)
        {
            using var scope = NewDisposeScope();
            sum += term(read(start, (int)Math.Min(PieceSamples, samples - start))).sum().item<double>();
        }

        return sum;
    }

    /// <returns>[1, frames, width], before positions are added.</returns>
    private Tensor Embed(long samples, ReadSamples read, long frames)
    {
        var spread = new FeatureSpread(config: Config, samples, frames);
        Tensor? x = null;
        foreach (var piece in features.Stream(samples, read, PieceFeatures))
        {
            using (piece)
                spread.Add(piece, (start, rows) =>
                {
                    using var scope = NewDisposeScope();
                    var embedded = projection.Forward(projectionNorm.Forward(rows));
                    x ??= empty([1, frames, Config.Width], embedded.dtype, embedded.device).DetachFromDisposeScope();
                    x.narrow(1, start, embedded.shape[1]).copy_(embedded);
                });
        }

        spread.Dispose();
        return x!;
    }

    /// <summary>Adds the convolution over neighbouring frames, and normalises; disposes what it is given.</summary>
    private Tensor WithPositions(Tensor x)
    {
        long frames = x.shape[1], halo = Config.PositionKernel;
        var y = empty_like(x);
        using (x)
            for (long start = 0; start < frames; start += PieceFrames)
            {
                using var scope = NewDisposeScope();
                long count = Math.Min(PieceFrames, frames - start), from = Math.Max(0, start - halo), to = Math.Min(frames, start + count + halo);
                var placed = positions.Forward(x.narrow(1, from, to - from)).narrow(1, start - from, count);
                y.narrow(1, start, count).copy_(norm.Forward(x.narrow(1, start, count) + placed));
            }

        return y;
    }
}
