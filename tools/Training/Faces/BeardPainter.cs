using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints beards and moustaches, which follow jaw and lips.</summary>
internal static class BeardPainter
{
    public static void PaintBeard(Sketch sketch, Person person, in HeadSpace head, MouthShape mouth)
    {
        var beard = person.Beard;
        if (beard.Style is not (BeardStyle.Goatee or BeardStyle.ShortBeard or BeardStyle.FullBeard)) return;
        var traits = person.Head;
        float w = traits.HalfWidth, jaw = w * traits.Jaw, chin = traits.ChinY;
        bool full = beard.Style == BeardStyle.FullBeard;
        float grow = full ? 2.6f + 2.4f * beard.Weight : 0.5f + 0.5f * beard.Weight, corner = mouth.OuterUpper[^1].X - mouth.Middle.X;
        if (beard.Style == BeardStyle.Goatee)
        {
            Knot[] patch =
            [
                new(-4.6f, chin - 6.8f), new(0f, chin - 6.0f), new(4.6f, chin - 6.8f), new(5.4f, chin - 2f), new(3f, chin + 0.8f),
                new(0f, chin + 1.4f), new(-3f, chin + 0.8f), new(-5.4f, chin - 2f)
            ];
            Shape(sketch, person, head, patch, 0.94f);
            return;
        }
        float y = person.Lips.Y, reach = Math.Max(5f, corner) + 2.6f;
        Knot[] right =
        [
            new(w - 0.3f, 1.5f), new(w + 0.25f * grow, 9f), new(jaw + 0.7f * grow, 17.6f),
            new(0.62f * jaw + 0.3f * grow, chin - 2.4f + 0.7f * grow),
            new(0f, chin + 0.4f + grow),
        ];
        Knot[] inner =
        [
            new(0f, y - 3.1f), new(0.55f * reach, y - 2.4f), new(reach, y + 0.6f), new(reach + 2.4f, y - 0.6f), new(0.86f * w, 8.4f),
            new(0.92f * w, 2f)
        ];
        List<Knot> all = [.. right];
        for (int i = right.Length - 2; i >= 0; i--) all.Add(right[i] with { X = -right[i].X });
        for (int i = inner.Length - 1; i >= 0; i--) all.Add(inner[i] with { X = -inner[i].X });
        all.AddRange(inner[1..]);
        Shape(sketch, person, head, [.. all], full ? 0.97f : 0.86f);
    }

    public static void PaintMoustache(Sketch sketch, Person person, in HeadSpace head, MouthShape mouth)
    {
        if (person.Beard.Style is BeardStyle.None or BeardStyle.Stubble) return;
        float weight = person.Beard.Weight, thick = person.Beard.Style == BeardStyle.Moustache ? 1f : 0.8f;
        float baseY = person.Nose.Length + 2.7f;
        var under = head.On(0f, baseY, 2.5f);
        Span<SKPoint> points = stackalloc SKPoint[10];
        int n = MouthShape.Samples;
        SKPoint left = mouth.OuterUpper[0], right = mouth.OuterUpper[^1], middle = mouth.OuterUpper[n / 2];
        float drop = (0.5f + 1.3f * weight) * thick;
        points[0] = new SKPoint(middle.X, 0.35f * under.Y + 0.65f * middle.Y - 0.7f * thick);
        points[1] = new SKPoint(0.5f * (middle.X + right.X), 0.5f * under.Y + 0.5f * middle.Y - 0.5f);
        points[2] = new SKPoint(right.X + 0.4f, right.Y - 1.6f);
        points[3] = new SKPoint(right.X + 0.9f, right.Y + drop);
        points[4] = new SKPoint(mouth.OuterUpper[n * 3 / 4].X, mouth.OuterUpper[n * 3 / 4].Y + 0.5f);
        points[5] = new SKPoint(middle.X, middle.Y + 0.15f);
        points[6] = new SKPoint(mouth.OuterUpper[n / 4].X, mouth.OuterUpper[n / 4].Y + 0.5f);
        points[7] = new SKPoint(left.X - 0.9f, left.Y + drop);
        points[8] = new SKPoint(left.X - 0.4f, left.Y - 1.6f);
        points[9] = new SKPoint(0.5f * (middle.X + left.X), points[1].Y);
        sketch.Loop(points).Fill(Palette.Fade(person.Beard.Colour, 0.95f));
    }

    private static void Shape(Sketch sketch, Person person, in HeadSpace head, ReadOnlySpan<Knot> knots, float alpha)
    {
        Span<SKPoint> points = stackalloc SKPoint[knots.Length];
        for (int i = 0; i < knots.Length; i++)
        {
            var knot = knots[i];
            points[i] = head.At(
                knot.X, head.Jaw(knot.Y), 3f + 8f * HeadSpace.Smooth(18f, 3f, Math.Abs(knot.X)) * HeadSpace.Smooth(4f, 20f, knot.Y)
                + Math.Max(0f, HeadSpace.Depth(knot.X, knot.Y) - 8f) * 0.5f);
        }
        sketch.Loop(points).Fill(Palette.Fade(person.Beard.Colour, alpha));
    }
}
