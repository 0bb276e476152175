using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints lips from a <see cref="MouthShape"/>, and a simple inside of the mouth for small pictures.</summary>
internal static class MouthPainter
{
    private static readonly SKColor Inside = new(66, 18, 26);
    private static readonly SKColor Deep = new(38, 8, 16);
    private static readonly SKColor TongueColour = new(206, 92, 98);
    private static readonly SKColor Tooth = new(250, 246, 238);

    /// <param name="fine">Whether <see cref="MouthInside"/> paints the inside of the mouth.</param>
    public static void Paint(Sketch sketch, Person person, PersonLayers layers, MouthShape mouth, in FacePose pose, bool fine)
    {
        SKColor lip = person.Lips.Colour;
        sketch.Polygon(mouth.OuterUpper, mouth.InnerLower).Fill(Palette.Shift(lip, -0.055f));
        sketch.Polygon(mouth.InnerUpper, mouth.OuterLower).Fill(lip);
        Gloss(sketch, layers, mouth);
        if (mouth.Opening > 0.001f && fine) MouthInside.Paint(sketch, mouth, pose);
        else if (mouth.Opening > 0.001f) Cavity(sketch, mouth);
        SKColor line = Palette.Fade(Palette.Shift(lip, -0.25f, 0.9f), 0.92f - 0.55f * mouth.Parted);
        sketch.Line(mouth.InnerUpper).Stroke(line, 0.85f - 0.3f * mouth.Parted);
    }

    private static void Cavity(Sketch sketch, MouthShape mouth)
    {
        sketch.Polygon(mouth.InnerUpper, mouth.InnerLower).Fill(Palette.Fade(Inside, mouth.Parted));
        int middle = MouthShape.Samples / 2;
        // The throat: darker towards the upper middle, drawn as a narrower opening.
        Span<SKPoint> upper = stackalloc SKPoint[MouthShape.Samples], lower = stackalloc SKPoint[MouthShape.Samples];
        SKPoint centre = mouth.InnerUpper[middle];
        for (int i = 0; i < MouthShape.Samples; i++)
        {
            upper[i] = Between(mouth.InnerUpper[i], centre, 0.22f);
            SKPoint edge = Between(mouth.InnerUpper[i], mouth.InnerLower[i], 0.62f);
            lower[i] = Between(edge, centre, 0.22f);
        }
        sketch.Polygon(upper, lower).Fill(Palette.Fade(Deep, 0.6f * mouth.Parted));
        sketch.Polygon(mouth.TongueEdge, mouth.InnerLower).Fill(Palette.Fade(TongueColour, mouth.Parted));
        for (int i = 0; i < MouthShape.Samples; i++)
        {
            upper[i] = Between(mouth.InnerLower[i], mouth.TongueEdge[i], 0.72f);
            lower[i] = Between(mouth.InnerLower[i], mouth.TongueEdge[i], 0.42f);
        }
        sketch.Polygon(upper[8..^8], lower[8..^8]).Fill(Palette.Fade(new SKColor(232, 132, 132), 0.6f * mouth.Parted));
        sketch.Polygon(mouth.InnerUpper, mouth.TeethEdge).Fill(Palette.Fade(Tooth, mouth.Parted));
        for (int i = 0; i < MouthShape.Samples; i++) lower[i] = Between(mouth.InnerUpper[i], mouth.TeethEdge[i], 0.3f);
        sketch.Polygon(mouth.InnerUpper, lower).Fill(Palette.Fade(new SKColor(120, 80, 84), 0.32f * mouth.Parted));
    }

    private static void Gloss(Sketch sketch, PersonLayers layers, MouthShape mouth)
    {
        int middle = MouthShape.Samples / 2;
        SKPoint inner = mouth.InnerLower[middle], outer = mouth.OuterLower[middle];
        float half = 0.24f * (mouth.OuterLower[^1].X - mouth.OuterLower[0].X), thick = Math.Max(0.3f, outer.Y - inner.Y);
        sketch.Glow(layers.LipShine, Between(inner, outer, 0.42f), half, 0.5f * thick, 0.95f);
        SKPoint top = mouth.OuterUpper[middle];
        sketch.Glow(layers.Highlight, new SKPoint(top.X, top.Y - 0.5f), 2.6f, 0.9f, 0.5f);
    }

    private static SKPoint Between(SKPoint a, SKPoint b, float t) => new(a.X + (b.X - a.X) * t, a.Y + (b.Y - a.Y) * t);
}
