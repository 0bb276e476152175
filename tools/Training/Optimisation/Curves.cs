using System.Globalization;
using SkiaSharp;

namespace Locutor.Training.Optimisation;

/// <summary>
/// The measurements of a run over its steps. They are stored as CSV, which a resumed run continues, and drawn as PNG with one panel each.
/// </summary>
public sealed class Curves
{
    private static readonly SKColor[] Colours =
    [
        new(40, 90, 170), new(190, 80, 40), new(40, 130, 80), new(130, 60, 140), new(150, 120, 20)
    ];
    private readonly string path;
    private readonly SortedDictionary<string, List<(double Step, double Value)>> series = new(StringComparer.Ordinal);

    public Curves(string path)
    {
        this.path = path;
        if (!File.Exists(path)) return;
        foreach (string line in File.ReadLines(path))
        {
            string[] parts = line.Split(',');
            if (parts.Length == 3 && double.TryParse(parts[1], CultureInfo.InvariantCulture, out double step)
                && double.TryParse(parts[2], CultureInfo.InvariantCulture, out double value))
            {
                Series(parts[0]).Add((step, value));
            }
        }
    }

    public void Add(string name, long step, double value)
    {
        Series(name).Add((step, value));
        File.AppendAllText(path, string.Create(CultureInfo.InvariantCulture, $"{name},{step},{value:G6}\n"));
    }

    /// <summary>Returns the last value of a measurement, or NaN when there is none.</summary>
    public double Last(string name) => series.TryGetValue(name, out var values) && values.Count > 0 ? values[^1].Value : double.NaN;

    /// <summary>Draws every measurement. Those that fell by more than half have a logarithmic axis.</summary>
    public void Draw(string png)
    {
        const int width = 640, height = 220, left = 70, bottom = 24, top = 20;
        if (series.Count == 0) return;
        using var surface = SKSurface.Create(new SKImageInfo(width, height * series.Count, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var ink = new SKPaint { IsAntialias = true, StrokeWidth = 1.5f, Style = SKPaintStyle.Stroke };
        using var text = new SKPaint { IsAntialias = true, Color = SKColors.Black };
        using var font = new SKFont(SKTypeface.Default, 12);
        surface.Canvas.Clear(SKColors.White);
        int row = 0;
        foreach (var (name, values) in series)
        {
            var finite = values.Where(v => double.IsFinite(v.Value)).ToArray();
            if (finite.Length == 0) continue;
            double low = finite.Min(v => v.Value), high = finite.Max(v => v.Value), last = Math.Max(1, finite.Max(v => v.Step));
            bool logarithmic = low > 0 && high > 2 * low;
            double from = logarithmic ? Math.Log(low) : low, to = Math.Max(from + 1e-9, logarithmic ? Math.Log(high) : high);
            float y0 = row * height + top, y1 = (row + 1) * height - bottom;
            ink.Color = SKColors.LightGray;
            surface.Canvas.DrawRect(left, y0, width - left - 10, y1 - y0, ink);
            ink.Color = Colours[row % Colours.Length];
            SKPoint? before = null;
            foreach (var (step, value) in finite)
            {
                double v = logarithmic ? Math.Log(value) : value;
                var point = new SKPoint(
                    left + (float)(step / last * (width - left - 10)), y1 - (float)((v - from) / (to - from)) * (y1 - y0));
                if (before is { } b) surface.Canvas.DrawLine(b, point, ink);
                before = point;
            }
            surface.Canvas.DrawText(
                string.Create(CultureInfo.InvariantCulture, $"{name}: last {finite[^1].Value:G4} at step {finite[^1].Step:0}"), left,
                y0 - 5, SKTextAlign.Left, font, text);
            surface.Canvas.DrawText(high.ToString("G3", CultureInfo.InvariantCulture), 4, y0 + 10, SKTextAlign.Left, font, text);
            surface.Canvas.DrawText(low.ToString("G3", CultureInfo.InvariantCulture), 4, y1, SKTextAlign.Left, font, text);
            row++;
        }
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 90);
        using var file = File.Create(png);
        data.SaveTo(file);
    }

    private List<(double Step, double Value)> Series(string name)
    {
        if (!series.TryGetValue(name, out var values)) series[name] = values = [];
        return values;
    }
}
