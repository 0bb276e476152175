namespace Locutor.Networks.Wav2Vec2;

/// <summary>Sizes of a wav2vec 2.0 encoder with group norm in the first convolution and a norm after each sublayer.</summary>
/// <param name="Width">Channels of a frame.</param>
/// <param name="Heads">Heads of every attention.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="FeedForward">Channels inside the feed-forward.</param>
/// <param name="ConvolutionWidths">Output channels of each convolution of the waveform.</param>
/// <param name="ConvolutionKernels">Kernel size of each convolution.</param>
/// <param name="ConvolutionStrides">Stride of each convolution.</param>
/// <param name="PositionKernel">Kernel size of the positional convolution, in frames.</param>
/// <param name="PositionGroups">Groups of the positional convolution.</param>
public sealed record Wav2Vec2Config(
    int Width,
    int Heads,
    int Blocks,
    int FeedForward,
    IReadOnlyList<int> ConvolutionWidths,
    IReadOnlyList<int> ConvolutionKernels,
    IReadOnlyList<int> ConvolutionStrides,
    int PositionKernel = 128,
    int PositionGroups = 16)
{
    /// <summary>Epsilon of the norms.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>chinese-wav2vec2-base: 0.095 billion parameters, 50 features for each second of 16 kHz audio.</summary>
    public static Wav2Vec2Config ChineseBase { get; } = new(
        Width: 768, Heads: 12, Blocks: 12, FeedForward: 3072,
        ConvolutionWidths: [512, 512, 512, 512, 512, 512, 512], ConvolutionKernels: [10, 3, 3, 3, 3, 2, 2],
        ConvolutionStrides: [5, 2, 2, 2, 2, 2, 2]);

    /// <summary>Number of samples between two features.</summary>
    public int Stride() => ConvolutionStrides.Aggregate(1, (product, stride) => product * stride);

    /// <summary>Number of samples on which one feature depends.</summary>
    public int ReceptiveField()
    {
        int field = 1;
        for (int i = ConvolutionKernels.Count - 1; i >= 0; i--) field = (field - 1) * ConvolutionStrides[i] + ConvolutionKernels[i];
        return field;
    }

    /// <summary>Checks that the sizes fit together.</summary>
    /// <exception cref="ArgumentException">They contradict each other.</exception>
    public void Validate()
    {
        if (ConvolutionWidths.Count == 0 || ConvolutionKernels.Count != ConvolutionWidths.Count
            || ConvolutionStrides.Count != ConvolutionWidths.Count)
        {
            throw new ArgumentException(
                $"wav2vec2: {ConvolutionWidths.Count} convolution widths, {ConvolutionKernels.Count} kernels and " +
                $"{ConvolutionStrides.Count} strides must be as many, at least 1");
        }

        if (Width % Heads != 0 || Width % PositionGroups != 0)
            throw new ArgumentException($"wav2vec2: {Heads} heads and {PositionGroups} position groups must divide a width of {Width}");
    }
}
