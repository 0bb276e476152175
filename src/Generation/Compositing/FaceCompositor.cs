using Locutor.Models;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Lays the moving parts of a small drawn frame into a larger target frame, so that every pixel that does not move stays the target's.
/// The drawn frame is compared with the drawn reference, which is the target as the same network draws it. Where they differ a little, the
/// difference is added to the target, which keeps its detail. Where they differ much, as in an opening mouth, the drawn frame replaces the target.
/// </summary>
/// <remarks>An instance reuses its buffers: not for use by several threads at once.</remarks>
public sealed class FaceCompositor
{
    private readonly int samples, rowLength;
    private readonly ChangeMask mask;
    private readonly float[] change, replaced, reference; // of the drawn size: rows of R, G, B
    private readonly PlaneUpsampler changes, replacements, references;
    private readonly float[] changeRow, replacedRow, referenceRow; // of the target's width

    /// <param name="drawn">Size of what the network draws.</param>
    /// <param name="target">Size of the target and of the composed frame: of about the same shape, and not smaller.</param>
    public FaceCompositor((int Height, int Width) drawn, (int Height, int Width) target, CompositionOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Height, drawn.Height, nameof(target));
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Width, drawn.Width, nameof(target));
        samples = 3 * drawn.Height * drawn.Width;
        rowLength = 3 * target.Width;
        FrameBytes = rowLength * target.Height;
        mask = new ChangeMask(drawn.Height, drawn.Width, options);
        (change, replaced, reference) = (new float[samples], new float[samples], new float[samples]);
        var weights = new UpsampleWeights(drawn, target);
        (changes, replacements, references) = (new PlaneUpsampler(weights), new PlaneUpsampler(weights), new PlaneUpsampler(weights));
        (changeRow, replacedRow, referenceRow) = (new float[rowLength], new float[rowLength], new float[rowLength]);
    }

    /// <summary>Bytes of a target frame and of a composed one.</summary>
    public int FrameBytes { get; }

    /// <param name="target">Rows of R, G, B at the target's size.</param>
    /// <param name="drawn">Rows of R, G, B at the drawn size.</param>
    /// <param name="drawnReference">The target as the network draws it, at the drawn size.</param>
    /// <param name="composed">Receives the frame, at the target's size.</param>
    public void Compose(ReadOnlySpan<byte> target, ReadOnlySpan<byte> drawn, ReadOnlySpan<byte> drawnReference, Span<byte> composed)
    {
        Expect(FrameBytes, target.Length, nameof(target));
        Expect(samples, drawn.Length, nameof(drawn));
        Expect(samples, drawnReference.Length, nameof(drawnReference));
        Expect(FrameBytes, composed.Length, nameof(composed));
        target.CopyTo(composed);
        var region = mask.Compute(drawn, drawnReference);
        if (region.IsEmpty) return;
        Prepare(drawn, drawnReference);
        var covered = changes.Load(change, region);
        replacements.Load(replaced, region);
        references.Load(reference, region);
        int first = 3 * covered.Left, count = 3 * (covered.Right - covered.Left);
        for (int y = covered.Top; y < covered.Bottom; y++)
        {
            Span<float> add = changeRow.AsSpan(0, count), share = replacedRow.AsSpan(0, count), old = referenceRow.AsSpan(0, count);
            changes.Row(y, add);
            replacements.Row(y, share);
            references.Row(y, old);
            RowBlend.Apply(composed.Slice(y * rowLength + first, count), add, share, old);
        }
    }

    /// <summary>The planes that are enlarged; each pixel's weights are repeated for its three channels.</summary>
    private void Prepare(ReadOnlySpan<byte> drawn, ReadOnlySpan<byte> drawnReference)
    {
        var (added, share) = (mask.Added, mask.Replaced);
        for (int pixel = 0, i = 0; i < samples; pixel++)
        {
            for (int end = i + 3; i < end; i++)
            {
                reference[i] = drawnReference[i];
                change[i] = added[pixel] * (drawn[i] - drawnReference[i]);
                replaced[i] = share[pixel];
            }
        }
    }

    private static void Expect(int bytes, int found, string name)
    {
        if (found != bytes) throw new ArgumentException($"expected {bytes} bytes, found {found}", name);
    }
}
