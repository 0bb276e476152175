using System.Runtime.InteropServices;
using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>
/// Renders persons in poses as pictures of one size. Only one thread may use an instance at a time. An instance caches the layers of the
/// persons that it rendered last, so consecutive frames of one clip are fast.
/// </summary>
public sealed class FaceRenderer : IDisposable
{
    private const int Kept = 4;

    private readonly byte[] pixels;
    private readonly GCHandle pin;
    private readonly SKSurface surface;
    private readonly Sketch sketch = new();
    private readonly MouthShape mouth = new();
    private readonly List<PersonLayers> kept = [];
    private SKPoint[] outline = [];

    /// <param name="width">The width of the pictures, 32 to 2048 pixels.</param>
    /// <param name="height">The height of the pictures, 32 to 2048 pixels.</param>
    public FaceRenderer(int width, int height)
    {
        if (width is < 32 or > 2048) throw new ArgumentOutOfRangeException(nameof(width), width, "expected 32 to 2048 pixels");
        if (height is < 32 or > 2048) throw new ArgumentOutOfRangeException(nameof(height), height, "expected 32 to 2048 pixels");
        Width = width;
        Height = height;
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul);
        pixels = new byte[info.BytesSize];
        pin = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        surface = SKSurface.Create(info, pin.AddrOfPinnedObject(), info.RowBytes);
        sketch.Canvas = surface.Canvas;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The number of bytes of one frame: height x width x 3.</summary>
    public int FrameBytes => Width * Height * 3;

    /// <param name="rgb">Receives [height, width, 3] bytes, red first.</param>
    /// <param name="part">
    /// The only pixels that are needed; null for all. The others show the backdrop, which takes less time. Edges in the part may differ
    /// from those of a whole frame by some levels, single pixels by up to 30.
    /// </param>
    public void Render(Person person, in FacePose pose, Span<byte> rgb, PixelBox? part = null)
    {
        Check(rgb);
        var canvas = sketch.Canvas;
        canvas.Save();
        canvas.ResetMatrix();
        if (part is { } box) canvas.ClipRect(new SKRect(box.Left, box.Top, box.Right, box.Bottom));
        Paint(person, pose);
        canvas.Restore();
        ReadOnlySpan<byte> from = pixels;
        for (int i = 0, j = 0; i < from.Length; i += 4, j += 3)
        {
            rgb[j] = from[i];
            rgb[j + 1] = from[i + 1];
            rgb[j + 2] = from[i + 2];
        }
    }

    /// <param name="planes">Receives [3, height, width] bytes: all red, then all green, then all blue.</param>
    public void RenderPlanar(Person person, in FacePose pose, Span<byte> planes)
    {
        Check(planes);
        Paint(person, pose);
        ReadOnlySpan<byte> from = pixels;
        int plane = Width * Height;
        Span<byte> red = planes[..plane], green = planes.Slice(plane, plane), blue = planes.Slice(2 * plane, plane);
        for (int i = 0; i < plane; i++)
        {
            red[i] = from[4 * i];
            green[i] = from[4 * i + 1];
            blue[i] = from[4 * i + 2];
        }
    }

    public void Dispose()
    {
        foreach (var layers in kept) layers.Dispose();
        sketch.Dispose();
        surface.Dispose();
        pin.Free();
    }

    private void Check(Span<byte> destination)
    {
        if (destination.Length != FrameBytes)
        {
            throw new ArgumentException(
                $"expected {FrameBytes} bytes for {Width}x{Height}, found {destination.Length}", nameof(destination));
        }
    }

    private void Paint(Person person, in FacePose pose)
    {
        var layers = LayersOf(person);
        var head = new HeadSpace(pose, Width, Height);
        mouth.Update(person, pose, head);
        layers.Backdrop.CopyTo(pixels, 0);
        var canvas = sketch.Canvas;
        var face = Outline(layers, head);
        canvas.SetMatrix(head.Head);
        HairPainter.PaintBehind(sketch, layers, head);
        SkinPainter.PaintNeck(sketch, person, layers, head, face);
        ClothesPainter.Paint(sketch, person, layers, head);
        HeadwearPainter.PaintDrape(sketch, person, head);
        canvas.SetMatrix(head.Head);
        SkinPainter.PaintEars(sketch, person, head);
        SkinPainter.PaintFace(sketch, layers, head, face);
        BeardPainter.PaintBeard(sketch, person, head, mouth);
        SkinPainter.PaintFolds(sketch, person, layers, pose, head, mouth);
        MouthPainter.Paint(sketch, person, layers, mouth, pose);
        SkinPainter.PaintNose(sketch, person, layers, head);
        BeardPainter.PaintMoustache(sketch, person, head, mouth);
        HairPainter.PaintShadow(sketch, person, layers, head);
        EyePainter.Paint(sketch, person, layers, pose, head);
        EyePainter.PaintBrows(sketch, person, pose, head);
        ExtrasPainter.PaintEarrings(sketch, person, head);
        ExtrasPainter.PaintGlasses(sketch, person, head);
        HairPainter.PaintFront(sketch, layers, head);
        HeadwearPainter.Paint(sketch, person, layers, head);
    }

    private ReadOnlySpan<SKPoint> Outline(PersonLayers layers, in HeadSpace head)
    {
        if (outline.Length < layers.Outline.Length) outline = new SKPoint[layers.Outline.Length];
        for (int i = 0; i < layers.Outline.Length; i++)
        {
            var knot = layers.Outline[i];
            outline[i] = head.At(knot.X, head.Jaw(knot.Y), knot.Z);
        }
        return outline.AsSpan(0, layers.Outline.Length);
    }

    private PersonLayers LayersOf(Person person)
    {
        int found = kept.FindIndex(layers => ReferenceEquals(layers.Person, person) || layers.Person == person);
        var layers = found >= 0 ? kept[found] : new PersonLayers(person, Width, Height);
        if (found >= 0) kept.RemoveAt(found);
        kept.Add(layers);
        if (kept.Count > Kept)
        {
            kept[0].Dispose();
            kept.RemoveAt(0);
        }
        return layers;
    }
}
