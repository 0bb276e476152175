using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>Paints lips from a <see cref="MouthShape"/>; <see cref="MouthInside"/> paints what is behind them.</summary>
internal static class MouthPainter
{
    public static void Paint(Sketch sketch, Person person, PersonLayers layers, MouthShape mouth, in FacePose pose)
    {
        var lip = person.Lips.Colour;
        sketch.Polygon(mouth.OuterUpper, mouth.InnerLower).Fill(Palette.Shift(lip, -0.055f));
        sketch.Polygon(mouth.InnerUpper, mouth.OuterLower).Fill(lip);
        Gloss(sketch, layers, mouth);
        if (mouth.Opening > 0.001f) MouthInside.Paint(sketch, mouth, pose);
        var line = Palette.Fade(Palette.Shift(lip, -0.25f, 0.9f), 0.92f - 0.55f * mouth.Parted);
        sketch.Line(mouth.InnerUpper).Stroke(line, 0.85f - 0.3f * mouth.Parted);
    }

    private static void Gloss(Sketch sketch, PersonLayers layers, MouthShape mouth)
    {
        int middle = MouthShape.Samples / 2;
        SKPoint inner = mouth.InnerLower[middle], outer = mouth.OuterLower[middle];
        float half = 0.24f * (mouth.OuterLower[^1].X - mouth.OuterLower[0].X), thick = Math.Max(0.3f, outer.Y - inner.Y);
        sketch.Glow(layers.LipShine, Between(inner, outer, 0.42f), half, 0.5f * thick, 0.95f);
        var top = mouth.OuterUpper[middle];
        sketch.Glow(layers.Highlight, new SKPoint(top.X, top.Y - 0.5f), 2.6f, 0.9f, 0.5f);
    }

    private static SKPoint Between(SKPoint a, SKPoint b, float t) => new(a.X + (b.X - a.X) * t, a.Y + (b.Y - a.Y) * t);
}
