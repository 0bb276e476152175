using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
using Locutor.Media.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Compositing;

/// <summary>Composes the generated frames of one face into their place in a portrait, and moves the head.</summary>
public sealed class ComposedFace : IDisposable
{
    private const float Least = 1f / 64; // a share below this needs no upsampler
    private const float FadeShare = 0.05f; // of the side of a place, over which it is blended into the picture around it

    private readonly CompositionOptions options;
    private readonly PartUpsampler? upsampler;
    private readonly HeadMotion? motion;
    private readonly HeadWarp? warp;
    private readonly PixelRegion place;
    private readonly Picture target;
    private readonly List<Workspace> workspaces = [];
    private readonly float[] rows, columns; // share of the composed pixels
    private readonly int height, width;
    private IReadOnlyList<byte[]> clip = [];
    private List<DrawnPart>[] parts = []; // of each frame
    private HeadPose[] poses = []; // of each frame; none if the head keeps still

    /// <summary>Creates the composition of one face.</summary>
    /// <param name="portrait">The portrait at the video's size.</param>
    /// <param name="place">The region of the portrait that the networks generate.</param>
    /// <param name="reference">That region after the autoencoder, at the generated size.</param>
    /// <param name="options">Thresholds of the composition.</param>
    /// <param name="upsampler">Upsamples moving parts, and is disposed with this object; null interpolates the generated frames.</param>
    /// <param name="motion">The motion of the head; null keeps it still.</param>
    public ComposedFace(
        Picture portrait, PixelRegion place, Picture reference, CompositionOptions options, PartUpsampler? upsampler = null,
        HeadMotion? motion = null)
    {
        (this.place, this.upsampler, this.motion, Reference, height, width) =
            (place, upsampler, motion, reference, portrait.Height, portrait.Width);
        (this.options, target) = (options, PictureRegion.Cut(portrait, place));
        rows = Shares(place.Top, place.Bottom, portrait.Height);
        columns = Shares(place.Left, place.Right, portrait.Width);
        if (motion is not null) warp = new HeadWarp(portrait.Height, portrait.Width, place);
    }

    /// <summary>The place after the autoencoder, at the generated size.</summary>
    public Picture Reference { get; }

    private bool IsWhole => place == new PixelRegion(0, 0, height, width);

    /// <summary>Creates the composition of one face with the networks that generate the video.</summary>
    /// <param name="networks">The networks.</param>
    /// <param name="portrait">The portrait at the video's size.</param>
    /// <param name="place">The region of the portrait that the networks generate.</param>
    /// <param name="picture">That region at the generated size.</param>
    /// <param name="options">Thresholds of the composition.</param>
    /// <param name="motion">The motion of the head; null keeps it still.</param>
    public static ComposedFace Create(
        NetworkSet networks, Picture portrait, PixelRegion place, Picture picture, CompositionOptions options, HeadMotion? motion = null)
    {
        using var drawn = networks.DrawStill(picture).select(1, -1);
        var reference = Pixels.ToPicture(drawn);
        var upsampler = networks.Upsampler is { } network
            ? new PartUpsampler(network, networks.Device, PictureRegion.Cut(portrait, place), reference)
            : null;
        return new ComposedFace(portrait, place, reference, options, upsampler, motion);
    }

    /// <summary>Finds the moving parts of a clip and upsamples them in the frames that they change.</summary>
    /// <param name="frames">Frames of a clip, rows of R, G, B at the generated size.</param>
    /// <param name="first">The first of them, counted from the start of the video.</param>
    /// <param name="threads">The number of threads that will draw frames.</param>
    public void Begin(IReadOnlyList<byte[]> frames, int first, int threads)
    {
        clip = frames;
        parts = [.. clip.Select(_ => new List<DrawnPart>())];
        poses = motion is null ? [] : [.. clip.Select((_, index) => motion.At(first + index))];
        while (workspaces.Count < threads) workspaces.Add(CreateWorkspace());
        if (upsampler is null) return;
        var compositor = workspaces[0].Compositor;
        float[] moved = new float[Reference.Height * Reference.Width];
        foreach (byte[] frame in clip) compositor.Mark(frame, Reference.Rgb, moved);
        var boxes = MovingParts.Find(moved, Reference.Height, Reference.Width, Least);
        bool[][] changed = [.. clip.Select(frame => compositor.ChangedBoxes(frame, Reference.Rgb, boxes))];
        for (int box = 0; box < boxes.Count; box++)
        {
            int[] shown = [.. Enumerable.Range(0, clip.Count).Where(index => changed[index][box])];
            var drawn = upsampler.Draw([.. shown.Select(index => clip[index])], Reference.Width, boxes[box]);
            for (int i = 0; i < shown.Length; i++) parts[shown[i]].Add(drawn[i]);
        }
    }

    /// <summary>Draws one frame of the clip.</summary>
    /// <param name="index">The frame, counted from the start of the clip.</param>
    /// <param name="thread">The number of the calling thread, from 0. Different threads may draw at the same time.</param>
    /// <param name="canvas">The portrait, rows of R, G, B; changed in place.</param>
    public void Draw(int index, int thread, Span<byte> canvas)
    {
        var (compositor, composed, still) = workspaces[thread];
        if (IsWhole)
        {
            compositor.Compose(target.Rgb, clip[index], Reference.Rgb, canvas, parts[index]);
        }
        else
        {
            compositor.Compose(target.Rgb, clip[index], Reference.Rgb, composed, parts[index]);
            Paste(composed, canvas);
        }
        warp?.Apply(canvas, poses[index], still);
    }

    public void Dispose() => upsampler?.Dispose();

    /// <summary>Blends the composed place into the portrait. What is outside the portrait is left out.</summary>
    private void Paste(byte[] composed, Span<byte> canvas)
    {
        int left = Math.Max(0, place.Left), right = Math.Min(width, place.Right);
        for (int y = Math.Max(0, place.Top); y < Math.Min(height, place.Bottom); y++)
        {
            float row = rows[y - place.Top];
            for (int x = left; x < right; x++)
            {
                float share = row * columns[x - place.Left];
                int to = 3 * (y * width + x), from = 3 * ((y - place.Top) * columns.Length + x - place.Left);
                for (int c = 0; c < 3; c++) canvas[to + c] = (byte)(canvas[to + c] + share * (composed[from + c] - canvas[to + c]) + 0.5f);
            }
        }
    }

    /// <summary>
    /// Returns the share of the composed pixels along one axis: less near an end of the place that is not a border of the portrait.
    /// </summary>
    private static float[] Shares(int first, int end, int length)
    {
        float[] shares = new float[end - first];
        float fade = FadeShare * shares.Length;
        for (int i = 0; i < shares.Length; i++)
        {
            float before = first <= 0 ? 1 : (i + 0.5f) / fade, after = end >= length ? 1 : (shares.Length - i - 0.5f) / fade;
            shares[i] = Math.Min(1, Math.Min(before, after));
        }
        return shares;
    }

    private Workspace CreateWorkspace()
    {
        var compositor = new FaceCompositor((Reference.Height, Reference.Width), (target.Height, target.Width), options);
        return new Workspace(
            compositor, IsWhole ? [] : new byte[compositor.FrameBytes], warp is null ? [] : new byte[warp.StillBytes]);
    }

    /// <summary>The buffers of one thread.</summary>
    /// <param name="Compositor">Composes the place.</param>
    /// <param name="Composed">The composed place; empty if the place is the whole portrait, which is composed in the frame itself.</param>
    /// <param name="Still">A frame before its head is moved; empty if it keeps still.</param>
    private sealed record Workspace(FaceCompositor Compositor, byte[] Composed, byte[] Still);
}
