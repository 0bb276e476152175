using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>A point of the head in head units (see <see cref="HeadTraits"/>); z points at the viewer.</summary>
internal readonly record struct Knot(float X, float Y, float Z = 0f);

/// <summary>
/// Projects the points of a head in one pose to pixels. The head is rotated in space (yaw, pitch) and projected without perspective. A
/// plane transform then applies roll, scale and shift.
/// </summary>
internal readonly struct HeadSpace
{
    /// <summary>The height of the top of the neck, around which the head nods and leans.</summary>
    private const float PivotY = 18f;

    /// <summary>The size of the head in the picture at scale 1.</summary>
    public const float Framing = 1.09f;

    private readonly float sinYaw, cosYaw, sinPitch, cosPitch;

    public HeadSpace(in FacePose pose, int width, int height)
    {
        (sinYaw, cosYaw) = MathF.SinCos(pose.HeadYaw);
        (sinPitch, cosPitch) = MathF.SinCos(pose.HeadPitch);
        ChinDrop = 7f * pose.JawOpen * (1f - 0.25f * pose.LipPress);
        float unit = Math.Min(width, height) / 100f;
        Unit = unit * Framing * pose.Scale;
        var picture = SKMatrix.CreateScale(unit, unit).PostConcat(SKMatrix.CreateTranslation(width / 2f, height / 2f));
        float zoom = Framing * pose.Scale;
        var scale = SKMatrix.CreateScale(zoom, zoom, 0f, 12f);
        var lean = SKMatrix.CreateRotation(pose.HeadRoll, 0f, PivotY + 4f)
            .PostConcat(SKMatrix.CreateTranslation(100f * pose.HeadX, 100f * pose.HeadY - 0.8f));
        Head = lean.PostConcat(scale).PostConcat(picture);
        Body = SKMatrix.CreateTranslation(45f * pose.HeadX, 30f * pose.HeadY - 0.8f).PostConcat(scale).PostConcat(picture);
        Breath = pose.Breath;
        Turn = sinYaw;
    }

    /// <summary>The transform from head units to pixels.</summary>
    public SKMatrix Head { get; }

    /// <summary>
    /// The transform from body units to pixels. The body follows less than half of the motion of the head and does not lean.
    /// </summary>
    public SKMatrix Body { get; }

    /// <summary>The number of pixels per head unit.</summary>
    public float Unit { get; }

    public float ChinDrop { get; }

    public float Breath { get; }

    /// <summary>The sine of the yaw.</summary>
    public float Turn { get; }

    /// <summary>Returns the depth of the skin at (x, y): an ellipsoid that is flattened beyond its rim.</summary>
    public static float Depth(float x, float y)
    {
        float inside = 1f - x * x / (21.5f * 21.5f) - y * y / (38f * 38f);
        return 20f * MathF.Sqrt(0.5f * (inside + MathF.Sqrt(inside * inside + 0.01f)));
    }

    public SKPoint At(float x, float y, float z)
    {
        // Points seen edge-on form the silhouette, which moves over the surface when the head turns, so they do not approach the axis.
        float facing = Math.Clamp(z / 13f, 0f, 1f), cos = 1f - (1f - cosYaw) * facing;
        float turned = x * cos + z * sinYaw, depth = z - facing * x * sinYaw;
        return new SKPoint(turned, PivotY + (y - PivotY) * (1f - (1f - cosPitch) * facing) + depth * sinPitch);
    }

    public SKPoint At(Knot knot) => At(knot.X, knot.Y, knot.Z);

    /// <summary>Projects a point on the skin, or <paramref name="lift"/> above it.</summary>
    public SKPoint On(float x, float y, float lift = 0f) => At(x, y, Depth(x, y) + lift);

    /// <summary>Returns the height of a point of the lower face when the jaw is open.</summary>
    public float Jaw(float y) => y + ChinDrop * Smooth(9f, 23f, y);

    public static float Smooth(float from, float to, float x)
    {
        float t = Math.Clamp((x - from) / (to - from), 0f, 1f);
        return t * t * (3f - 2f * t);
    }
}
