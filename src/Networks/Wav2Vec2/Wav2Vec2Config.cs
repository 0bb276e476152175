namespace Locutor.Networks.Wav2Vec2;

/// <summary>Sizes of a wav2vec 2.0 encoder with group norm in its first convolution and norms after the sublayers.</summary>
/// <param name="Width">Of a frame.</param>
/// <param name="Heads">Of every attention.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="FeedForward">Width inside the feed-forward.</param>
/// <param name="ConvolutionWidths">Channels after each convolution of the wave.</param>
/// <param name="ConvolutionKernels">Of each convolution.</param>
/// <param name="ConvolutionStrides">Of each convolution.</param>
/// <param name="PositionKernel">Frames that the positional convolution sees.</param>
/// <param name="PositionGroups">Of the positional convolution.</param>
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
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>chinese-wav2vec2-base: 0.095 B parameters, 50 features a second of 16 kHz sound.</summary>
    public static Wav2Vec2Config ChineseBase { get; } = new(
        Width: 768, Heads: 12, Blocks: 12, FeedForward: 3072,
        ConvolutionWidths: [512, 512, 512, 512, 512, 512, 512], ConvolutionKernels: [10, 3, 3, 3, 3, 2, 2], ConvolutionStrides: [5, 2, 2, 2, 2, 2, 2]);

    /// <summary>Samples between two features.</summary>
    public int Stride() => ConvolutionStrides.Aggregate(1, (product, stride) => product * stride);

    /// <summary>Samples that one feature is made of.</summary>
    public int ReceptiveField()
    {
        int field = 1;
        for (int i = ConvolutionKernels.Count - 1; i >= 0; i--) field = (field - 1) * ConvolutionStrides[i] + ConvolutionKernels[i];
        return field;
    }

    /// <exception cref="ArgumentException">The sizes contradict each other.</exception>
    public void Validate()
    {
        if (ConvolutionWidths.Count == 0 || ConvolutionKernels.Count != ConvolutionWidths.Count || ConvolutionStrides.Count != ConvolutionWidths.Count)
            throw new ArgumentException($"wav2vec2: {ConvolutionWidths.Count} convolution widths, {ConvolutionKernels.Count} kernels and {ConvolutionStrides.Count} strides must be as many, at least 1");
        if (Width % Heads != 0 || Width % PositionGroups != 0)
            throw new ArgumentException($"wav2vec2: {Heads} heads and {PositionGroups} position groups must divide a width of {Width}");
    }
}
