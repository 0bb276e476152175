using System.Runtime.CompilerServices;
using Locutor.Generation.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Composes the moving parts of a small generated frame into a larger target frame; pixels that do not move keep the target's values. The
/// generated frame is compared with a reference: the target after the autoencoder. Small differences are added to the target, which keeps
/// its detail. Where the difference is large, as in an opening mouth, the generated frame replaces the target; there it may come from an
/// upsampler, at a finer size.
/// </summary>
/// <remarks>Not thread-safe: an instance reuses its buffers.</remarks>
public sealed class FaceCompositor
{
    private const float EdgePixels = 4; // generated pixels over which a part is blended into the interpolated frame
    private const int InterpolationReach = 2; // in generated pixels

    private readonly (int Height, int Width) drawn, target;
    private readonly int samples, rowLength;
    private readonly ChangeMask mask;
    private readonly float[] change, replaced, small; // planes of the generated size: rows of R, G, B
    private readonly PlaneUpsampler changes, shares, enlarged;
    private readonly float[] changeRow, shareRow; // rows of the target's width
    private readonly float[] replacement; // plane of the target's size
    private (float[] Plane, PlaneUpsampler Upsampler)? fine; // created for the first part

    /// <summary>Allocates the buffers for two sizes.</summary>
    /// <param name="drawn">Size of the generated frames.</param>
    /// <param name="target">Size of the target and of the composed frame; not smaller than <paramref name="drawn"/>, and of about the same
    /// aspect ratio.</param>
    /// <param name="options">Thresholds of the composition.</param>
    public FaceCompositor((int Height, int Width) drawn, (int Height, int Width) target, CompositionOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Height, drawn.Height, nameof(target));
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Width, drawn.Width, nameof(target));
        (this.drawn, this.target) = (drawn, target);
        samples = 3 * drawn.Height * drawn.Width;
        rowLength = 3 * target.Width;
        FrameBytes = rowLength * target.Height;
        mask = new ChangeMask(drawn.Height, drawn.Width, options);
        (change, replaced, small) = (new float[samples], new float[samples], new float[samples]);
        var weights = new UpsampleWeights(drawn, target);
        (changes, shares, enlarged) = (new PlaneUpsampler(weights), new PlaneUpsampler(weights), new PlaneUpsampler(weights));
        (changeRow, shareRow, replacement) = (new float[rowLength], new float[rowLength], new float[FrameBytes]);
    }

    /// <summary>Size in bytes of a target frame and of a composed frame.</summary>
    public int FrameBytes { get; }

    /// <summary>
    /// Updates a plane of the generated size with the maximum of its value and the weight with which a generated frame would replace the
    /// target.
    /// </summary>
    public void Mark(ReadOnlySpan<byte> drawnFrame, ReadOnlySpan<byte> drawnReference, Span<float> moved)
    {
        mask.Compute(drawnFrame, drawnReference);
        for (int i = 0; i < moved.Length; i++) moved[i] = Math.Max(moved[i], mask.Replaced[i]);
    }

    /// <summary>
    /// Returns for each box whether composing a generated frame changes a pixel in it, or so near that the interpolation reaches into it.
    /// </summary>
    public bool[] ChangedBoxes(ReadOnlySpan<byte> drawnFrame, ReadOnlySpan<byte> drawnReference, IReadOnlyList<PixelRegion> boxes)
    {
        mask.Compute(drawnFrame, drawnReference);
        return [.. boxes.Select(box => mask.HasWeight(box, InterpolationReach))];
    }

    /// <summary>Composes one frame.</summary>
    /// <param name="targetFrame">Rows of R, G, B at the target's size.</param>
    /// <param name="drawnFrame">Rows of R, G, B at the generated size.</param>
    /// <param name="drawnReference">The target after the autoencoder, at the generated size.</param>
    /// <param name="composed">Receives the frame at the target's size.</param>
    /// <param name="parts">Upsampled parts of the generated frame; null if there are none. The rest of the frame is interpolated. A part
    /// that the frame does not change may be left out.</param>
    public void Compose(
        ReadOnlySpan<byte> targetFrame, ReadOnlySpan<byte> drawnFrame, ReadOnlySpan<byte> drawnReference, Span<byte> composed,
        IReadOnlyList<DrawnPart>? parts = null)
    {
        Expect(FrameBytes, targetFrame.Length, nameof(targetFrame));
        Expect(samples, drawnFrame.Length, nameof(drawnFrame));
        Expect(samples, drawnReference.Length, nameof(drawnReference));
        Expect(FrameBytes, composed.Length, nameof(composed));
        targetFrame.CopyTo(composed);
        var region = mask.Compute(drawnFrame, drawnReference);
        if (region.IsEmpty) return;
        Prepare(drawnFrame, drawnReference);
        foreach (var part in parts ?? []) ReplaceInside(part.Box);
        var covered = changes.Load(change, region);
        shares.Load(replaced, region);
        Enlarge(enlarged, small, region);
        foreach (var part in parts ?? []) Place(part);
        int first = 3 * covered.Left, count = 3 * (covered.Right - covered.Left);
        for (int y = covered.Top; y < covered.Bottom; y++)
        {
            Span<float> add = changeRow.AsSpan(0, count), share = shareRow.AsSpan(0, count);
            changes.Row(y, add);
            shares.Row(y, share);
            RowBlend.Apply(composed.Slice(y * rowLength + first, count), add, share, replacement.AsSpan(y * rowLength + first, count));
        }
    }

    /// <summary>Computes the planes that are interpolated; each pixel's weights are repeated for its three channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // rarely called, but with a loop over all pixels
    private void Prepare(ReadOnlySpan<byte> drawnFrame, ReadOnlySpan<byte> drawnReference)
    {
        var (added, share) = (mask.Added, mask.Replaced);
        for (int pixel = 0, i = 0; i < samples; pixel++)
        {
            for (int end = i + 3; i < end; i++)
            {
                small[i] = drawnFrame[i];
                change[i] = added[pixel] * (drawnFrame[i] - drawnReference[i]);
                replaced[i] = share[pixel];
            }
        }
    }

    /// <summary>
    /// Replaces all changed pixels in an upsampled box, with decreasing weight towards its edge. The upsampler has already kept the
    /// portrait's detail where it applies.
    /// </summary>
    private void ReplaceInside(PixelRegion box)
    {
        for (int y = box.Top; y < box.Bottom; y++)
        {
            for (int x = box.Left; x < box.Right; x++)
            {
                int pixel = y * drawn.Width + x,
                    edge = Math.Min(Math.Min(y - box.Top, box.Bottom - 1 - y), Math.Min(x - box.Left, box.Right - 1 - x));
                float share = Math.Max(mask.Replaced[pixel], Math.Min(1, (edge - 1) / EdgePixels) * mask.Added[pixel]);
                replaced.AsSpan(3 * pixel, 3).Fill(Math.Max(0, share));
            }
        }
    }

    private void Enlarge(PlaneUpsampler upsampler, float[] plane, PixelRegion region)
    {
        var covered = upsampler.Load(plane, region);
        int count = 3 * (covered.Right - covered.Left);
        for (int y = covered.Top; y < covered.Bottom; y++) upsampler.Row(y, replacement.AsSpan(y * rowLength + 3 * covered.Left, count));
    }

    /// <summary>Scales an upsampled part to the target's size.</summary>
    private void Place(DrawnPart part)
    {
        int factor = part.Factor, fineWidth = factor * drawn.Width;
        fine ??= (
            new float[samples * factor * factor], new PlaneUpsampler(new UpsampleWeights((factor * drawn.Height, fineWidth), target)));
        var box = new PixelRegion(factor * part.Box.Top, factor * part.Box.Left, factor * part.Box.Bottom, factor * part.Box.Right);
        int length = 3 * (box.Right - box.Left);
        for (int y = box.Top; y < box.Bottom; y++)
            part.Pixels.AsSpan((y - box.Top) * length, length).CopyTo(fine.Value.Plane.AsSpan(3 * (y * fineWidth + box.Left)));
        // Without the margin, whose pixels depend on neighbours outside the box.
        Enlarge(fine.Value.Upsampler, fine.Value.Plane, new PixelRegion(box.Top + 2, box.Left + 2, box.Bottom - 2, box.Right - 2));
    }

    private static void Expect(int bytes, int found, string name)
    {
        if (found != bytes) throw new ArgumentException($"expected {bytes} bytes, found {found}", name);
    }
}
