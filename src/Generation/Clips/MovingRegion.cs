using Locutor.Generation.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Clips;

/// <summary>
/// Finds the moving region of a clip: in its latents before they are decoded, and in its motion frames before they are encoded. Where a
/// latent equals that of the picture held still, the decoded pixels would be the picture, so only the rest is decoded.
/// </summary>
internal static class MovingRegion
{
    /// <summary>
    /// Mean difference of a latent cell, in standard deviations, from which it counts as moving. Measured on the bundled model: 0.01 to
    /// 0.1 for cells that do not move, 0.2 to 2 on mouth, chin and eyes.
    /// </summary>
    private const float Moves = 0.15f;

    /// <summary>
    /// Number of cells around the moving ones that are also decoded. The outermost of them are not used, because the decoder pads with
    /// zeros at the edge.
    /// </summary>
    private const int Margin = 2, Unused = 1;

    private const int Step = 2; // the sides of regions are multiples of this, so that clips have few different sizes

    /// <summary>Finds the region of latent cells that differ from the still picture in any frame.</summary>
    /// <param name="latent">[1, 16, F, h, w].</param>
    /// <param name="still">The latent of the picture held still, of equal shape.</param>
    /// <returns>Region of cells to decode; empty if nothing moves.</returns>
    public static PixelRegion Find(Tensor latent, Tensor still)
    {
        using var scope = NewDisposeScope();
        return Around((latent - still).abs().mean([0, 1]).amax([0]), Moves);
    }

    /// <summary>
    /// Finds the region of latent cells in which frames differ from the picture, before they are encoded. Outside of it, their latent is
    /// that of the picture held still.
    /// </summary>
    /// <param name="frames">[3, F, H, W].</param>
    /// <param name="picture">[3, 1, H, W].</param>
    /// <param name="stride">Pixels per latent cell along one side.</param>
    /// <returns>Region of cells to encode; empty if the frames equal the picture.</returns>
    public static PixelRegion Find(Tensor frames, Tensor picture, int stride)
    {
        using var scope = NewDisposeScope();
        var pixels = (frames - picture).abs().amax([0, 1]); // [H, W]
        return Around(pixels.unflatten(0, [-1, stride]).unflatten(2, [-1, stride]).amax([1, 3]), 0);
    }

    /// <summary>Returns the region around all cells that differ by more than a limit.</summary>
    private static PixelRegion Around(Tensor differences, float limit)
    {
        // NaN counts as moving: its pixels must reach the guard
        var moving = differences.cpu().le(limit).logical_not();
        bool[] rows = [.. moving.any(1).data<bool>()], columns = [.. moving.any(0).data<bool>()];
        var (top, bottom) = Widen(Array.IndexOf(rows, true), Array.LastIndexOf(rows, true) + 1, rows.Length);
        var (left, right) = Widen(Array.IndexOf(columns, true), Array.LastIndexOf(columns, true) + 1, columns.Length);
        return new PixelRegion(top, left, bottom, right);
    }

    /// <summary>Inserts a region into the still picture, or into its latent.</summary>
    /// <param name="part">[C, frames, stride * rows, stride * columns] of the region.</param>
    /// <param name="region">The region in latent cells.</param>
    /// <param name="picture">The picture after the autoencoder, [C, 1, H, W], or a latent of as many frames.</param>
    /// <param name="stride">Values per latent cell along one side: pixels, or 1 for a latent.</param>
    /// <returns>[C, frames, H, W].</returns>
    public static Tensor Place(Tensor part, PixelRegion region, Tensor picture, int stride)
    {
        using var scope = NewDisposeScope();
        var whole = picture.expand(-1, part.shape[1], -1, -1).clone();
        var (top, rows) = Used(region.Top, region.Bottom, picture.shape[2] / stride);
        var (left, columns) = Used(region.Left, region.Right, picture.shape[3] / stride);
        whole.narrow(2, stride * top, stride * rows).narrow(3, stride * left, stride * columns)
            .copy_(part.narrow(2, stride * (top - region.Top), stride * rows).narrow(3, stride * (left - region.Left), stride * columns));
        return whole.MoveToOuterDisposeScope();
    }

    private static (int First, int End) Widen(int first, int end, int length)
    {
        if (first < 0) return (0, 0);
        int wanted = Math.Min(length, (end - first + 2 * Margin + Step - 1) / Step * Step);
        int start = Math.Clamp((first + end - wanted) / 2, 0, length - wanted);
        return (start, start + wanted);
    }

    private static (long First, long Count) Used(int first, int end, long length)
    {
        long from = first == 0 ? 0 : first + Unused, to = end == length ? length : end - Unused;
        return (from, to - from);
    }
}
