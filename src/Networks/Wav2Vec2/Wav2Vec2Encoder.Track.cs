using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>Reads mono samples.</summary>
/// <param name="start">First sample.</param>
/// <param name="count">Number of samples; all are within the audio.</param>
/// <returns>[count], float32, on the encoder's device.</returns>
public delegate Tensor ReadSamples(long start, int count);

/// <summary>Stores rows of a track.</summary>
/// <param name="slot">Kind of rows: below the number of blocks, the output of that block; from there on, rows of the encoder
/// itself.</param>
/// <param name="start">First frame.</param>
/// <param name="rows">[frames, width]; valid during the call.</param>
public delegate void WriteRows(int slot, long start, Tensor rows);

/// <summary>Reads stored rows.</summary>
/// <param name="slot">Kind of rows, as they were written.</param>
/// <param name="start">First frame.</param>
/// <param name="count">Number of rows; all have been written.</param>
/// <returns>[count, width], on any device and of any type that can hold the values.</returns>
public delegate Tensor ReadRows(int slot, long start, int count);

/// <summary>
/// Encodes a track of any length. Every frame attends to all others, so rows, keys and values of the whole track are needed; the caller
/// stores them, and one piece at a time is in memory.
/// </summary>
public sealed partial class Wav2Vec2Encoder
{
    /// <summary>Number of slots after those of the blocks. Only <see cref="ForwardTrack"/> itself needs their rows.</summary>
    public const int OwnSlots = 3;

    private const double VarianceFloor = 1e-7;
    private const int PieceSamples = 1 << 18;

    /// <summary>Number of features that a CPU computes at once: large buffers would leave holes in its heap.</summary>
    private const int CpuFeatures = 100;

    /// <summary>Number of frames that the blocks compute at once, and of keys that they attend to at once.</summary>
    public int PieceFrames { get; init; } = 2048;

    private int FirstRows => Config.Blocks; // input of the first block

    private int Keys => Config.Blocks + 1; // holds the rows without positions until keys are computed

    private int Values => Config.Blocks + 2;

    /// <summary>
    /// Computes the result of <see cref="Forward"/> for the whole audio after <see cref="Normalise"/>, without gradients.
    /// </summary>
    /// <param name="samples">Number of samples, at least <see cref="Wav2Vec2Config.ReceptiveField"/>, at 16 kHz, of any loudness.</param>
    /// <param name="read">Reads samples; called several times for each.</param>
    /// <param name="frames">Number of video frames, spread evenly over the audio from its first to its last feature.</param>
    /// <param name="write">Stores rows; called once for each block and frame, and several times for each of <see cref="OwnSlots"/>.</param>
    /// <param name="readRows">Reads the rows that were written last.</param>
    public void ForwardTrack(long samples, ReadSamples read, long frames, WriteRows write, ReadRows readRows)
    {
        if (samples < Config.ReceptiveField())
            throw new ArgumentException($"wav2vec2: expected at least {Config.ReceptiveField()} samples, found {samples}", nameof(samples));
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        using var still = no_grad();
        Embed(samples, Normalised(samples, read), frames, write);
        AddPositions(frames, write, Rows);
        for (int number = 0; number < blocks.Length; number++)
        {
            int source = number == 0 ? FirstRows : number - 1;
            foreach (var (start, count) in Pieces(frames))
            {
                using var scope = NewDisposeScope();
                var (keys, values) = blocks[number].Project(Rows(source, start, count));
                write(Keys, start, keys.squeeze(0));
                write(Values, start, values.squeeze(0));
            }

            foreach (var (start, count) in Pieces(frames))
            {
                using var scope = NewDisposeScope();
                var attended = Pieces(frames)
                    .Select(piece => (Rows(Keys, piece.Start, piece.Count), Rows(Values, piece.Start, piece.Count)));
                write(number, start, blocks[number].Forward(Rows(source, start, count), attended).squeeze(0));
            }

            // Each block of a long track makes and frees thousands of buffers.
            if (frames > PieceFrames) HostHeap.Release();
        }

        Tensor Rows(int slot, long start, int count) => readRows(slot, start, count).to(type, device).unsqueeze(0);
    }

    private IEnumerable<(long Start, int Count)> Pieces(long frames)
    {
        for (long start = 0; start < frames; start += PieceFrames) yield return (start, (int)Math.Min(PieceFrames, frames - start));
    }

    /// <summary>
    /// Normalises the samples twice, as the reference does. Reference: src/audio_analysis/wav2vec2.py, line 67, at commit 0107cd9.
    /// </summary>
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

    /// <summary>Computes the rows before the positional embedding is added.</summary>
    private void Embed(long samples, ReadSamples read, long frames, WriteRows write)
    {
        using var spread = new FeatureSpread(Config, samples, frames);
        int atOnce = device.type == TorchSharp.DeviceType.CPU ? Math.Min(PieceFeatures, CpuFeatures) : PieceFeatures;
        foreach (var piece in features.Stream(samples, read, atOnce))
        {
            using (piece)
            {
                spread.Add(piece, (start, rows) =>
                {
                    using var scope = NewDisposeScope();
                    write(Keys, start, projection.Forward(projectionNorm.Forward(rows)).squeeze(0));
                });
            }
        }
    }

    /// <summary>Adds the positional embedding and normalises.</summary>
    private void AddPositions(long frames, WriteRows write, Func<int, long, int, Tensor> rows)
    {
        long halo = Config.PositionKernel;
        foreach (var (start, count) in Pieces(frames))
        {
            using var scope = NewDisposeScope();
            long from = Math.Max(0, start - halo), to = Math.Min(frames, start + count + halo);
            var x = rows(Keys, from, (int)(to - from));
            var placed = x + positions.Forward(x);
            write(FirstRows, start, norm.Forward(placed.narrow(1, start - from, count)).squeeze(0));
        }
    }
}
