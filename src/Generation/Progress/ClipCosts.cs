namespace Locutor.Generation.Progress;

/// <summary>Seconds that the phases of a clip take.</summary>
/// <param name="Encode">Encoding of the picture, the motion frames and the speech.</param>
/// <param name="Step">One denoising step, on average.</param>
/// <param name="Decode">Decoding, until the next clip begins.</param>
public sealed record ClipCosts(double Encode, double Step, double Decode)
{
    /// <summary>Returns the seconds of a whole clip.</summary>
    public double Clip(int steps) => Encode + steps * Step + Decode;

    /// <summary>Returns the costs at another speed.</summary>
    public ClipCosts Times(double factor) => new(Encode * factor, Step * factor, Decode * factor);

    /// <summary>Returns the mean of these costs and others, which have a share of the weight from 0 to 1.</summary>
    public ClipCosts Mix(ClipCosts other, double share) => new(
        (1 - share) * Encode + share * other.Encode, (1 - share) * Step + share * other.Step,
        (1 - share) * Decode + share * other.Decode);
}
