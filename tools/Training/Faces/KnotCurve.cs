namespace Locutor.Training.Faces;

/// <summary>Makes curves of knots.</summary>
internal static class KnotCurve
{
    /// <summary>Returns evenly spaced knots along a smooth curve through <paramref name="knots"/>.</summary>
    /// <param name="uneven">The random deviation from even spacing, as a fraction of the spacing.</param>
    public static Knot[] Even(Knot[] knots, float step, float uneven = 0f)
    {
        var dense = new List<Knot>();
        for (int i = 0; i < knots.Length - 1; i++)
        {
            for (int k = 0; k < 12; k++) dense.Add(CatmullRom(knots, i, k / 12f));
        }
        dense.Add(knots[^1]);
        float total = 0f;
        for (int i = 1; i < dense.Count; i++) total += Distance(dense[i - 1], dense[i]);
        int count = Math.Max(2, (int)MathF.Round(total / step));
        var even = new List<Knot> { dense[0] };
        float gone = 0f;
        for (int i = 1; i < dense.Count; i++)
        {
            gone += Distance(dense[i - 1], dense[i]);
            if (gone >= total * (even.Count + uneven * MathF.Sin(even.Count * 2.4f)) / count && even.Count < count) even.Add(dense[i]);
        }
        even.Add(knots[^1]);
        return [.. even];
    }

    /// <summary>Returns a curve that is symmetric to the middle of the head.</summary>
    /// <param name="right">The half with positive X, from the middle outwards.</param>
    public static Knot[] Mirror(List<Knot> right)
    {
        var all = new Knot[right.Count * 2 - 1];
        for (int i = 0; i < right.Count; i++)
        {
            all[right.Count - 1 - i] = right[i] with { X = -right[i].X };
            all[right.Count - 1 + i] = right[i];
        }
        return all;
    }

    /// <summary>Returns ten knots on an ellipse around (x, y).</summary>
    public static Knot[] Ball(float x, float y, float rx, float ry, float z)
    {
        var ball = new Knot[10];
        for (int i = 0; i < ball.Length; i++)
        {
            (float sin, float cos) = MathF.SinCos(i * MathF.Tau / ball.Length);
            ball[i] = new Knot(x + rx * sin, y - ry * cos, z);
        }
        return ball;
    }

    /// <summary>Returns four knots on a short arc around (x, y).</summary>
    /// <param name="turn">Direction in which the arc opens, in radians.</param>
    public static Knot[] Arc(float x, float y, float z, float turn)
    {
        (float sin, float cos) = MathF.SinCos(turn);
        return
        [
            new(x - 2f * cos, y - 2f * sin, z), new(x - 1.5f * cos + 1.5f * sin, y - 1.5f * sin - 1.5f * cos, z),
            new(x + 0.6f * cos + 2f * sin, y + 0.6f * sin - 2f * cos, z), new(x + 2f * cos + 0.6f * sin, y + 2f * sin - 0.6f * cos, z)
        ];
    }

    private static Knot CatmullRom(Knot[] knots, int i, float t)
    {
        Knot a = knots[Math.Max(0, i - 1)], b = knots[i], c = knots[i + 1], d = knots[Math.Min(knots.Length - 1, i + 2)];
        float Blend(float p, float q, float r, float s) =>
            0.5f * (2f * q + (r - p) * t + (2f * p - 5f * q + 4f * r - s) * t * t + (3f * q - p - 3f * r + s) * t * t * t);
        return new Knot(Blend(a.X, b.X, c.X, d.X), Blend(a.Y, b.Y, c.Y, d.Y), Blend(a.Z, b.Z, c.Z, d.Z));
    }

    private static float Distance(Knot a, Knot b) => MathF.Sqrt((a.X - b.X) * (a.X - b.X) + (a.Y - b.Y) * (a.Y - b.Y));
}
