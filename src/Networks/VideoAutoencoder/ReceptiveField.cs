namespace Locutor.Networks.VideoAutoencoder;

/// <summary>A half-open interval of rows or columns.</summary>
/// <param name="From">First row or column.</param>
/// <param name="To">One behind the last.</param>
internal readonly record struct Interval(long From, long To)
{
    public long Length => To - From;
}

/// <summary>Receptive field of a layer along the height; it is the same along the width.</summary>
/// <param name="Input">Returns the input interval on which an output interval depends. It may reach over the edge, where the input is
/// padded with zeros.</param>
/// <param name="Upscale">Outputs for each input.</param>
/// <param name="Downscale">Inputs for each output.</param>
internal readonly record struct ReceptiveField(Func<Interval, Interval> Input, int Upscale = 1, int Downscale = 1)
{
    private const long Far = long.MaxValue / 4;

    /// <summary>Whether an output depends on the whole frame.</summary>
    public bool SeesWholeFrame => Input(default).From == -Far;

    /// <summary>Creates the field of convolutions at one resolution that reach that many pixels to each side.</summary>
    public static ReceptiveField Around(int reach) => new(output => new(output.From - reach, output.To + reach));

    /// <summary>Field of an upsampling by 2, followed by a 3x3 convolution.</summary>
    public static ReceptiveField Doubling { get; } = new(output => new((output.From - 1) >> 1, (output.To >> 1) + 1), Upscale: 2);

    /// <summary>Creates the field of a layer that makes a square of pixels of each input.</summary>
    public static ReceptiveField Patch(int side) =>
        new(output => new(output.From / side, (output.To + side - 1) / side), Upscale: side);

    /// <summary>Field of a 3x3 convolution with stride 2, padded at the end only.</summary>
    public static ReceptiveField Halving { get; } = new(output => new(2 * output.From, 2 * output.To + 1), Downscale: 2);

    /// <summary>Field of a layer whose outputs depend on the whole frame.</summary>
    public static ReceptiveField WholeFrame { get; } = new(_ => new(-Far, Far));
}
