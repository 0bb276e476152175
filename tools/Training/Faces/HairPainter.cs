using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints the hair behind and in front of the head.</summary>
internal static class HairPainter
{
    public static void PaintBehind(Sketch sketch, PersonLayers layers, in HeadSpace head)
    {
        foreach (var piece in layers.Hair.KnotsBehind) PaintPiece(sketch, layers, head, piece);
        if (layers.Hair.Front.Length > 0)
        {
            // The far side of a turned face can leave a gap under the hair, so hair is painted behind it.
            Trace(sketch, layers.Hair.Front.AsSpan(0, 1), head);
            sketch.Fill(layers.HairBack);
        }
        if (layers.Hair.Back.Length > 0)
        {
            Trace(sketch, layers.Hair.Back, head);
            sketch.Fill(layers.HairBack);
        }
    }

    public static void PaintShadow(Sketch sketch, Person person, PersonLayers layers, in HeadSpace head)
    {
        if (layers.Hair.Shadow.Length == 0) return;
        sketch.Loop(sketch.Project(layers.Hair.Shadow, head)).Fill(Palette.Fade(person.Skin.Deep, ShadowOf(person.Hair)));
    }

    /// <summary>
    /// Returns the strength of the shadow of the hair. Hair that is combed back or cropped casts less shadow than a fringe.
    /// </summary>
    private static float ShadowOf(HairTraits hair) => hair.Length == HairLength.Buzz ? 0.12f
        : hair.Fringe is Fringe.PulledBack or Fringe.Receding or Fringe.Quiff or Fringe.Short ? 0.22f : 0.42f;

    public static void PaintFront(Sketch sketch, PersonLayers layers, in HeadSpace head)
    {
        var hair = layers.Hair;
        var colour = layers.Person.Hair.Colour;
        foreach (var patch in hair.Sides)
        {
            Trace(sketch, [patch], head);
            sketch.Fill(layers.HairFront);
        }
        foreach (var piece in hair.KnotsBefore) PaintPiece(sketch, layers, head, piece);
        if (hair.Front.Length == 0) return;
        Trace(sketch, hair.Front, head);
        sketch.Fill(layers.HairFront);
        if (hair.Sheen is (Knot middle, Knot size))
        {
            var at = head.At(middle);
            sketch.Canvas.Save();
            sketch.Canvas.Translate(at.X, at.Y);
            sketch.Canvas.RotateRadians(size.Z);
            sketch.Glow(layers.HairSheen, default, size.X, size.Y);
            sketch.Canvas.Restore();
        }
        var dark = Palette.Fade(Palette.Shift(colour, -0.08f), 0.5f);
        foreach (var strand in hair.Strands) sketch.Curve(sketch.Project(strand, head)).Stroke(dark, 0.55f);
    }

    private static void PaintPiece(Sketch sketch, PersonLayers layers, in HeadSpace head, Knot[] piece)
    {
        var colour = layers.Person.Hair.Colour;
        sketch.Loop(sketch.Project(piece, head)).Fill(Palette.Shift(colour, -0.035f));
        sketch.Stroke(Palette.Fade(Palette.Shift(colour, -0.11f), 0.6f), 0.7f);
        float x = 0f, y = 0f, width = 0f;
        foreach (var knot in piece)
        {
            var point = head.At(knot);
            x += point.X / piece.Length;
            y += point.Y / piece.Length;
        }
        foreach (var knot in piece) width = Math.Max(width, Math.Abs(head.At(knot).X - x));
        sketch.Glow(
            layers.HairGlow, new SKPoint(x + 0.25f * width * layers.Person.Light.Side, y - 0.3f * width), 0.7f * width, 0.6f * width, 0.8f);
    }

    /// <summary>Joins the edges to one closed path.</summary>
    private static void Trace(Sketch sketch, ReadOnlySpan<HairEdge> edges, in HeadSpace head)
    {
        sketch.Start();
        bool first = true;
        foreach (var edge in edges)
        {
            var points = sketch.Project(edge.Knots, head);
            if (edge.Bump > 0f) Bumps(sketch.Path, points, edge.Bump, edge.Tufts, first);
            else if (first) sketch.Curve(points);
            else sketch.Curve(points, join: true);
            first = false;
        }
        sketch.Path.Close();
    }

    private static void Bumps(SKPathBuilder path, ReadOnlySpan<SKPoint> points, float bump, bool tufts, bool first)
    {
        if (first) path.MoveTo(points[0]);
        else path.LineTo(points[0]);
        for (int i = 1; i < points.Length; i++)
        {
            SKPoint a = points[i - 1], b = points[i];
            float dx = b.X - a.X, dy = b.Y - a.Y, length = MathF.Max(0.01f, MathF.Sqrt(dx * dx + dy * dy)), nx = dy / length,
                ny = -dx / length;
            if (tufts)
            {
                float along = a.X + b.X < 0f ? 0.3f : 0.7f;
                var tip = new SKPoint(a.X + along * dx + nx * bump * 1.5f, a.Y + along * dy + ny * bump * 1.5f);
                path.QuadTo(a.X + 0.5f * (along) * dx + nx * bump, a.Y + 0.5f * along * dy + ny * bump, tip.X, tip.Y);
                path.QuadTo(0.5f * (tip.X + b.X) + 0.3f * nx * bump, 0.5f * (tip.Y + b.Y) + 0.3f * ny * bump, b.X, b.Y);
            }
            else
            {
                path.QuadTo(0.5f * (a.X + b.X) + 2f * nx * bump, 0.5f * (a.Y + b.Y) + 2f * ny * bump, b.X, b.Y);
            }
        }
    }
}
