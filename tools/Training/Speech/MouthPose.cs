namespace Locutor.Training.Speech;

/// <summary>
/// The pose of jaw, lips, teeth and tongue. The values have the names and ranges of those in a face pose. The zero value is a closed mouth
/// at rest.
/// </summary>
public readonly record struct MouthPose(float JawOpen, float LipWidth, float LipRound, float LipPress, float UpperTeeth, float Tongue)
{
    /// <summary>The number of values.</summary>
    public const int Size = 6;

    public static MouthPose Lerp(MouthPose a, MouthPose b, float t) => new(
        Mix(a.JawOpen, b.JawOpen, t), Mix(a.LipWidth, b.LipWidth, t), Mix(a.LipRound, b.LipRound, t),
        Mix(a.LipPress, b.LipPress, t), Mix(a.UpperTeeth, b.UpperTeeth, t), Mix(a.Tongue, b.Tongue, t));

    /// <summary>Writes the values in the order of the constructor.</summary>
    public void Write(Span<float> to)
    {
        to[0] = JawOpen;
        to[1] = LipWidth;
        to[2] = LipRound;
        to[3] = LipPress;
        to[4] = UpperTeeth;
        to[5] = Tongue;
    }

    public static MouthPose Read(ReadOnlySpan<float> from) => new(from[0], from[1], from[2], from[3], from[4], from[5]);

    private static float Mix(float a, float b, float t) => a + (b - a) * t;
}
