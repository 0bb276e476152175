namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Rows, or columns, from one up to, not including, another.</summary>
internal readonly record struct Interval(long From, long To)
{
    public long Length => To - From;
}

/// <summary>How far a layer sees along the height, and the same along the width.</summary>
/// <param name="Needs">The inputs that the answers of an interval are made of; it may reach over the edge, where zeros stand.</param>
/// <param name="Grows">Answers for one input.</param>
/// <param name="Shrinks">Inputs for one answer.</param>
internal readonly record struct Sight(Func<Interval, Interval> Needs, int Grows = 1, int Shrinks = 1)
{
    private const long Far = long.MaxValue / 4;

    /// <summary>Convolutions at one resolution that reach so many pixels to each side together.</summary>
    public static Sight Around(int reach) => new(made => new(made.From - reach, made.To + reach));

    /// <summary>Every pixel twice, then a 3x3 convolution.</summary>
    public static Sight Doubling { get; } = new(made => new((made.From - 1) >> 1, (made.To >> 1) + 1), Grows: 2);

    /// <summary>A 3x3 convolution of stride 2, padded behind only.</summary>
    public static Sight Halving { get; } = new(made => new(2 * made.From, 2 * made.To + 1), Shrinks: 2);

    /// <summary>The whole frame.</summary>
    public static Sight Everywhere { get; } = new(_ => new(-Far, Far));
}
