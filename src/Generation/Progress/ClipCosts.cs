namespace Locutor.Generation.Progress;

/// <summary>Seconds that the phases of a clip take.</summary>
/// <param name="Encode">Encoding of the picture, the motion frames and the speech.</param>
/// <param name="Step">One denoising step, on average.</param>
/// <param name="Decode">Decoding, until the next clip begins.</param>
public sealed record ClipCosts(double Encode, double Step, double Decode)
{
    private const double Least = 1e-4; // seconds

    /// <summary>Returns the seconds of a whole clip.</summary>
    public double Clip(int steps) => Encode + steps * Step + Decode;

    /// <summary>Returns the costs at another speed.</summary>
    public ClipCosts Times(double factor) => new(Encode * factor, Step * factor, Decode * factor);

    /// <summary>
    /// Returns the weighted geometric mean of these costs and others; the others have the given share of the weight, 0 to 1. If a machine
    /// was once ten times slower, a geometric mean is wrong for fewer videos afterwards than an arithmetic one.
    /// </summary>
    public ClipCosts Mix(ClipCosts other, double share) => new(
        Mean(Encode, other.Encode, share), Mean(Step, other.Step, share), Mean(Decode, other.Decode, share));

    /// <summary>Returns the geometric mean of two durations; the second one has the given share of the weight.</summary>
    internal static double Mean(double one, double other, double share) =>
        Math.Exp((1 - share) * Math.Log(Math.Max(Least, one)) + share * Math.Log(Math.Max(Least, other)));
}
