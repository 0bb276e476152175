namespace Locutor.Generation.Progress;

/// <summary>
/// Usual ratios between the costs of a video. The time left of the first video on a device is estimated from its own first clip and these
/// ratios. They were measured with the bundled model on a CPU with 2 cores. A larger model depends less on them, because it spends nearly
/// all time on denoising steps.
/// </summary>
internal static class TypicalClip
{
    /// <summary>Later clips relative to the first one, which encodes the picture and uses the operations of the device first.</summary>
    private const double LaterEncode = 0.5, LaterDecode = 0.8;

    /// <summary>Additional time of the very first step, as a share of a later step.</summary>
    private const double FirstUse = 0.6;

    /// <summary>Decoding of a clip, relative to the encoding of the first one.</summary>
    private const double DecodeOfEncode = 1.5;

    /// <summary>Time from the last decoded frame to the last written one, relative to the decoding of a clip.</summary>
    private const double TailOfDecode = 0.5;

    /// <summary>
    /// Limits of the time that the start of the writer adds to the decoding of the second clip: in seconds, and as a ratio to the decoding.
    /// </summary>
    private const double LongestStart = 0.8, StartOfDecode = 1.3;

    /// <summary>Completion of the file in seconds.</summary>
    public const double Finish = 0.5;

    /// <summary>Returns the costs of a first clip of which the encoding and some steps are measured.</summary>
    public static ClipCosts First(double encode, double step) => new(encode, step, DecodeOfEncode * encode);

    /// <summary>Returns the costs to expect after a first clip.</summary>
    public static WorkCosts After(ClipCosts first, int steps)
    {
        double step = first.Step * (1 - FirstUse / Math.Max(1, steps));
        var later = new ClipCosts(LaterEncode * first.Encode, step, LaterDecode * first.Decode);
        double start = Math.Min(LongestStart, StartOfDecode * later.Decode);
        return new WorkCosts(0, first, later, start, TailOfDecode * later.Decode, Finish);
    }
}
