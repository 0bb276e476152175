using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>A canvas that reuses one path and one brush, so that a frame allocates almost no memory.</summary>
internal sealed class Sketch : IDisposable
{
    private readonly SKPaint fill = new() { IsAntialias = true, Style = SKPaintStyle.Fill };
    private readonly SKPaint stroke = new()
    {
        IsAntialias = true,
        Style = SKPaintStyle.Stroke,
        StrokeCap = SKStrokeCap.Round,
        StrokeJoin = SKStrokeJoin.Round,
    };
    private readonly SKPoint[] projected = new SKPoint[512];
    private SKPath? shape;

    public SKCanvas Canvas { get; set; } = null!;

    /// <summary>The current outline. <see cref="Start"/> begins a new one.</summary>
    public SKPathBuilder Path { get; } = new();

    /// <summary>The finished outline, to which nothing can be added.</summary>
    public SKPath Shape => shape ??= Path.Detach();

    public Sketch Start(SKPathFillType fillType = SKPathFillType.Winding)
    {
        shape?.Dispose();
        shape = null;
        Path.Reset();
        Path.FillType = fillType;
        return this;
    }

    public void Fill(SKColor colour)
    {
        fill.Shader = null;
        fill.Color = colour;
        Canvas.DrawPath(Shape, fill);
    }

    public void Fill(SKShader shader, float alpha = 1f)
    {
        fill.Color = Palette.Fade(SKColors.Black, alpha);
        fill.Shader = shader;
        Canvas.DrawPath(Shape, fill);
    }

    public void Stroke(SKColor colour, float width)
    {
        stroke.Color = colour;
        stroke.StrokeWidth = width;
        Canvas.DrawPath(Shape, stroke);
    }

    public void Oval(SKPoint centre, float rx, float ry, SKColor colour)
    {
        fill.Shader = null;
        fill.Color = colour;
        Canvas.DrawOval(centre.X, centre.Y, rx, ry, fill);
    }

    /// <summary>Paints a soft round patch that fades to transparent at the radii (rx, ry).</summary>
    /// <param name="shader">A radial gradient around the origin with radius 1.</param>
    public void Glow(SKShader shader, SKPoint centre, float rx, float ry, float alpha = 1f)
    {
        Canvas.Save();
        Canvas.Translate(centre.X, centre.Y);
        Canvas.Scale(rx, ry);
        fill.Color = Palette.Fade(SKColors.Black, alpha);
        fill.Shader = shader;
        Canvas.DrawRect(-1f, -1f, 2f, 2f, fill);
        Canvas.Restore();
    }

    /// <summary>Creates a gradient for <see cref="Glow"/>.</summary>
    public static SKShader GlowOf(SKColor colour, float alpha = 1f) => SKShader.CreateRadialGradient(new SKPoint(0f, 0f), 1f,
        [Palette.Fade(colour, alpha), Palette.Fade(colour, alpha * 0.72f), Palette.Fade(colour, alpha * 0.22f), colour.WithAlpha(0)],
        [0f, 0.35f, 0.7f, 1f], SKShaderTileMode.Clamp);

    public Sketch Polygon(ReadOnlySpan<SKPoint> there, ReadOnlySpan<SKPoint> back)
    {
        Start();
        Span<SKPoint> all = stackalloc SKPoint[there.Length + back.Length];
        there.CopyTo(all);
        back.CopyTo(all[there.Length..]);
        all[there.Length..].Reverse();
        Path.AddPoly(all, close: true);
        return this;
    }

    public Sketch Line(ReadOnlySpan<SKPoint> points)
    {
        Start();
        Path.AddPoly(points, close: false);
        return this;
    }

    /// <summary>Adds a smooth open curve through the points. <paramref name="join"/> continues the current path.</summary>
    public Sketch Curve(ReadOnlySpan<SKPoint> points, bool join = false)
    {
        if (!join)
        {
            Start();
            Path.MoveTo(points[0]);
        }
        else
        {
            Path.LineTo(points[0]);
        }
        for (int i = 0; i < points.Length - 1; i++)
        {
            SKPoint before = points[Math.Max(0, i - 1)], from = points[i], to = points[i + 1],
                after = points[Math.Min(points.Length - 1, i + 2)];
            Path.CubicTo(
                from.X + (to.X - before.X) / 6f, from.Y + (to.Y - before.Y) / 6f,
                to.X - (after.X - from.X) / 6f, to.Y - (after.Y - from.Y) / 6f,
                to.X, to.Y);
        }
        return this;
    }

    /// <summary>Adds a smooth closed curve through the points.</summary>
    public Sketch Loop(ReadOnlySpan<SKPoint> points)
    {
        Start();
        Path.MoveTo(points[0]);
        int n = points.Length;
        for (int i = 0; i < n; i++)
        {
            SKPoint before = points[(i + n - 1) % n], from = points[i], to = points[(i + 1) % n], after = points[(i + 2) % n];
            Path.CubicTo(
                from.X + (to.X - before.X) / 6f, from.Y + (to.Y - before.Y) / 6f,
                to.X - (after.X - from.X) / 6f, to.Y - (after.Y - from.Y) / 6f,
                to.X, to.Y);
        }
        Path.Close();
        return this;
    }

    public ReadOnlySpan<SKPoint> Project(ReadOnlySpan<Knot> knots, in HeadSpace head)
    {
        for (int i = 0; i < knots.Length; i++) projected[i] = head.At(knots[i]);
        return projected.AsSpan(0, knots.Length);
    }

    public void Dispose()
    {
        fill.Dispose();
        stroke.Dispose();
        shape?.Dispose();
        Path.Dispose();
    }
}
