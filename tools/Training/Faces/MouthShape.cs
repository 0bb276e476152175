using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>The four curves of the lips in one pose, sampled from the viewer's left corner to the right, in projected head units.</summary>
internal sealed class MouthShape
{
    public const int Samples = 33;

    /// <summary>The gap between the lips at JawOpen 1, in head units.</summary>
    public const float FullOpening = 10.5f;

    public readonly SKPoint[] OuterUpper = new SKPoint[Samples];
    public readonly SKPoint[] InnerUpper = new SKPoint[Samples];
    public readonly SKPoint[] InnerLower = new SKPoint[Samples];
    public readonly SKPoint[] OuterLower = new SKPoint[Samples];

    /// <summary>The gap between the lips at the middle, in head units.</summary>
    public float Opening { get; private set; }

    /// <summary>How far the lips are parted, 0 to 1, with 1 reached at a small gap. It fades the line between closed lips.</summary>
    public float Parted { get; private set; }

    public SKPoint Middle { get; private set; }

    public void Update(Person person, in FacePose pose, in HeadSpace head)
    {
        var lips = person.Lips;
        float held = 1f - Math.Clamp(pose.LipPress, 0f, 1f);
        float round = pose.LipRound, jaw = Math.Max(0f, pose.JawOpen);
        Opening = held * (FullOpening * jaw + 1.5f * Math.Max(0f, round) + 1.4f * Math.Max(0f, pose.UpperTeeth) * MathF.Exp(-5f * jaw));
        Parted = 1f - MathF.Exp(-Opening * 1.2f);
        float bite = Math.Max(0f, pose.UpperTeeth) * MathF.Exp(-9f * jaw) * held
            * (1f - Math.Clamp(Math.Max(0f, pose.LipWidth) + Math.Max(0f, pose.Smile), 0f, 1f));
        float half = lips.HalfWidth * (1f + 0.24f * pose.LipWidth) * (1f - 0.46f * round) * (1f + 0.13f * pose.Smile) * (1f - 0.08f * jaw)
            * (1f - 0.03f * (1f - held)) * (1f - 0.1f * bite);
        float upper = lips.Upper * (1f + 0.22f * round - 0.16f * pose.LipWidth - 0.14f * Math.Max(0f, pose.Smile))
            * (1f - 0.55f * (1f - held));
        float lower = lips.Lower * (1f + 0.18f * round - 0.12f * pose.LipWidth) * (1f - 0.42f * (1f - held)) * (1f - 0.38f * bite);
        float smile = lips.RestSmile * (1f - 0.4f * round) + pose.Smile, y = lips.Y - 0.12f * Opening - 0.5f * Math.Max(0f, pose.Smile);
        float lift = 1.5f + 2.2f * round, shift = 1.6f * pose.MouthShift;
        float flat = 0.56f + 0.06f * Math.Max(0f, pose.LipWidth) - 0.10f * round;
        // The distance of the corners below the upper lip: largest for rounded lips, smallest in a smile.
        float sink = (0.24f + 0.18f * round) * (1f - 0.5f * Math.Clamp(pose.Smile, 0f, 1f));
        for (int i = 0; i < Samples; i++)
        {
            float t = -MathF.Cos(MathF.PI * i / (Samples - 1)), rim = Math.Max(0f, 1f - t * t), side = t * t;
            float x = t * half + shift * (0.6f + 0.4f * t * MathF.Sign(shift));
            float corner = y - smile * 2.3f * side * (0.65f + 0.35f * MathF.Abs(t));
            float lineDip = 0.35f * (MathF.Exp(-t * t * 30f) - 0.25f * MathF.Exp(-(MathF.Abs(t) - 0.4f) * (MathF.Abs(t) - 0.4f) * 18f));
            corner += lineDip * (1f - 0.7f * Parted) + sink * Opening;
            float gap = Opening * MathF.Pow(rim, flat);
            float top = corner - (0.16f + sink) * gap - 0.5f * bite * rim, bottom = corner + (0.84f - sink) * gap - 0.35f * bite * rim;
            float bow = 1f - lips.Bow * 1.6f * MathF.Exp(-t * t * 40f) * (1f - 0.5f * round);
            float outerTop = top - upper * MathF.Pow(rim, 0.72f) * bow;
            float outerBottom = bottom + lower * MathF.Pow(rim, 0.62f);
            float wide = x * 1.045f;
            OuterUpper[i] = head.On(wide, outerTop, lift);
            InnerUpper[i] = head.On(x, top, lift);
            InnerLower[i] = head.On(x, bottom, lift);
            OuterLower[i] = head.On(wide, outerBottom, lift);
        }
        Middle = head.On(shift, y, lift);
    }
}
