using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>A point of the head in head units (see <see cref="HeadTraits"/>); z points at the viewer.</summary>
internal readonly record struct Knot(float X, float Y, float Z = 0f);

/// <summary>
/// Where the points of a head fall in one pose: turned as a solid (yaw, pitch), seen without perspective, then leaned, scaled and
/// moved by a plane transform to pixels.
/// </summary>
internal readonly struct HeadSpace
{
    /// <summary>Height of the neck's top, about which the head nods and leans.</summary>
    private const float PivotY = 18f;

    /// <summary>Size of the head in the picture at scale 1.</summary>
    public const float Framing = 1.09f;

    private readonly float sinYaw, cosYaw, sinPitch, cosPitch;

    public HeadSpace(in FacePose pose, int width, int height)
    {
        (sinYaw, cosYaw) = MathF.SinCos(pose.HeadYaw);
        (sinPitch, cosPitch) = MathF.SinCos(pose.HeadPitch);
        ChinDrop = 7f * pose.JawOpen * (1f - 0.25f * pose.LipPress);
        float unit = Math.Min(width, height) / 100f;
        Unit = unit * Framing * pose.Scale;
        SKMatrix picture = SKMatrix.CreateScale(unit, unit).PostConcat(SKMatrix.CreateTranslation(width / 2f, height / 2f));
        float zoom = Framing * pose.Scale;
        SKMatrix scale = SKMatrix.CreateScale(zoom, zoom, 0f, 12f);
        SKMatrix lean = SKMatrix.CreateRotation(pose.HeadRoll, 0f, PivotY + 4f)
            .PostConcat(SKMatrix.CreateTranslation(100f * pose.HeadX, 100f * pose.HeadY - 0.8f));
        Head = lean.PostConcat(scale).PostConcat(picture);
        Body = SKMatrix.CreateTranslation(45f * pose.HeadX, 30f * pose.HeadY - 0.8f).PostConcat(scale).PostConcat(picture);
        Breath = pose.Breath;
        Turn = sinYaw;
    }

    /// <summary>From head units to pixels.</summary>
    public SKMatrix Head { get; }

    /// <summary>From body units to pixels: follows the head by less than half, and does not lean.</summary>
    public SKMatrix Body { get; }

    /// <summary>Pixels per head unit.</summary>
    public float Unit { get; }

    public float ChinDrop { get; }

    public float Breath { get; }

    /// <summary>Sine of the yaw.</summary>
    public float Turn { get; }

    /// <summary>How far forward the skin lies at (x, y): an ellipsoid, flattened beyond its rim.</summary>
    public static float Depth(float x, float y)
    {
        float inside = 1f - x * x / (21.5f * 21.5f) - y * y / (38f * 38f);
        return 20f * MathF.Sqrt(0.5f * (inside + MathF.Sqrt(inside * inside + 0.01f)));
    }

    public SKPoint At(float x, float y, float z)
    {
        // What is seen edge-on is a silhouette: it slides over the solid as that turns, so it does not come nearer the axis.
        float facing = Math.Clamp(z / 13f, 0f, 1f), cos = 1f - (1f - cosYaw) * facing;
        float turned = x * cos + z * sinYaw, depth = z - facing * x * sinYaw;
        return new SKPoint(turned, PivotY + (y - PivotY) * (1f - (1f - cosPitch) * facing) + depth * sinPitch);
    }

    public SKPoint At(Knot knot) => At(knot.X, knot.Y, knot.Z);

    /// <summary>A point on the skin, or <paramref name="lift"/> above it.</summary>
    public SKPoint On(float x, float y, float lift = 0f) => At(x, y, Depth(x, y) + lift);

    /// <summary>Height of a point of the lower face once the jaw has dropped.</summary>
    public float Jaw(float y) => y + ChinDrop * Smooth(9f, 23f, y);

    public static float Smooth(float from, float to, float x)
    {
        float t = Math.Clamp((x - from) / (to - from), 0f, 1f);
        return t * t * (3f - 2f * t);
    }
}
