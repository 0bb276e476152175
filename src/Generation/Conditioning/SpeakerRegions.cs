using Locutor.Generation.Requests;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// Computes the masks of two people and the background at latent resolution. Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py, line
/// 586, at commit 0107cd9.
/// </summary>
public static class SpeakerRegions
{
    private const double Margin = 0.05;

    /// <summary>
    /// Smallest side of a box in video pixels. A smaller box may contain no token of the transformer, and its voice would have no effect.
    /// </summary>
    private const int SmallestSide = 16;

    /// <summary>Returns the left and right half of a picture, each with a small margin.</summary>
    public static IReadOnlyList<SpeakerBox> Halves(int height, int width)
    {
        int half = width / 2, top = (int)(height * Margin), bottom = (int)(height * (1 - Margin));
        int left = (int)(half * Margin), right = (int)(half * (1 - Margin));
        return [new(left, top, right, bottom), new((int)(half * Margin + half), top, (int)(half * (1 - Margin) + half), bottom)];
    }

    /// <summary>Returns the reason why a box cannot be used with a picture; null if all boxes are valid.</summary>
    /// <param name="boxes">The boxes.</param>
    /// <param name="source">Height and width of the picture.</param>
    /// <param name="target">Height and width of the video, which shows the centre of the picture.</param>
    public static string? Fault(IReadOnlyList<SpeakerBox> boxes, (int Height, int Width) source, (int Height, int Width) target)
    {
        if (Outside(boxes, source) is { } outside) return outside;
        double scale = Math.Max((double)target.Height / source.Height, (double)target.Width / source.Width);
        double left = (source.Width - target.Width / scale) / 2, top = (source.Height - target.Height / scale) / 2;
        foreach (var box in boxes)
        {
            double width = Math.Min(box.Right, source.Width - left) - Math.Max(box.Left, left),
                height = Math.Min(box.Bottom, source.Height - top) - Math.Max(box.Top, top);
            if (Math.Min(width, height) * scale >= SmallestSide) continue;
            int least = (int)Math.Ceiling(SmallestSide / scale);
            return $"expected boxes of at least {least} x {least} pixels in the part of the picture that the video shows, found {box}, " +
                $"of which {Math.Max(0, width):0} x {Math.Max(0, height):0} pixels are in the video";
        }
        return null;
    }

    /// <summary>Returns the message for a box that reaches out of the picture; null if all boxes are inside.</summary>
    internal static string? Outside(IReadOnlyList<SpeakerBox> boxes, (int Height, int Width) source)
    {
        foreach (var box in boxes)
        {
            if (box.Right > source.Width || box.Bottom > source.Height)
                return $"expected boxes inside the picture of {source.Width} x {source.Height} pixels, found {box}";
        }
        return null;
    }

    internal static string? Fault(IReadOnlyList<SpeakerBox> boxes, SourcePictures pictures) =>
        Fault(boxes, (pictures.SourceHeight, pictures.SourceWidth), (pictures.Height, pictures.Width));

    /// <summary>Computes the masks; the boxes are resized and cropped in the way the picture is.</summary>
    /// <param name="boxes">The boxes of both people.</param>
    /// <param name="source">Height and width of the picture.</param>
    /// <param name="target">Height and width of the video.</param>
    /// <param name="latent">Height and width of a latent frame.</param>
    /// <returns>[3, latent height, latent width]: first person, second person, background; 0 or 1.</returns>
    public static Tensor Masks(
        IReadOnlyList<SpeakerBox> boxes, (int Height, int Width) source, (int Height, int Width) target, (long Height, long Width) latent)
    {
        using var scope = NewDisposeScope();
        var people = zeros(boxes.Count, source.Height, source.Width);
        for (int person = 0; person < boxes.Count; person++)
        {
            var box = boxes[person];
            people[person].slice(0, box.Top, box.Bottom, 1).slice(1, box.Left, box.Right, 1).fill_(1);
        }

        var masks = cat([people, people.sum([0], keepdim: true).eq(0).to(ScalarType.Float32)], 0);
        double scale = Math.Max((double)target.Height / source.Height, (double)target.Width / source.Width);
        long height = (long)Math.Ceiling(scale * source.Height), width = (long)Math.Ceiling(scale * source.Width);
        var resized = nn.functional.interpolate(masks.unsqueeze(0), [height, width], mode: InterpolationMode.Nearest);
        long top = (long)Math.Round((height - target.Height) / 2.0), left = (long)Math.Round((width - target.Width) / 2.0);
        var cropped = resized.narrow(2, top, target.Height).narrow(3, left, target.Width);
        var small = nn.functional.interpolate(cropped, [latent.Height, latent.Width], mode: InterpolationMode.Nearest);
        return small.squeeze(0).MoveToOuterDisposeScope();
    }
}
