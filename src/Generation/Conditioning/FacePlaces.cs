using Locutor.Generation.Pictures;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Conditioning;

/// <summary>A region of a portrait that the networks generate.</summary>
/// <param name="Region">The region; it may extend beyond the portrait.</param>
/// <param name="IsFound">True if it surrounds a face that was found, or is the whole portrait; false if it is merely in the middle.</param>
public readonly record struct FacePlace(PixelRegion Region, bool IsFound);

/// <summary>
/// The places in a portrait that the networks generate, for bundles whose frames are composed into the portrait: the video keeps the
/// portrait's shape, and each place has the shape of a bucket.
/// </summary>
public static class FacePlaces
{
    private const double Negligible = 0.03;
    private const int LargestRatio = 4; // of the sides of a video; longer pictures lose their ends

    /// <summary>Returns the size of the generated frames and the size of the video, for a portrait.</summary>
    /// <param name="buckets">Sizes that the networks generate.</param>
    /// <param name="composition">The composition of the bundle; null if the generated frames are the video.</param>
    /// <param name="picture">Height and width of the portrait.</param>
    /// <param name="people">Number of people.</param>
    public static ((int Height, int Width) Bucket, (int Height, int Width) Video) Sizes(
        IReadOnlyList<int[]> buckets, CompositionOptions? composition, (int Height, int Width) picture, int people = 1)
    {
        var bucket = SizeBuckets.Nearest(buckets, picture.Height, picture.Width);
        return (bucket, composition is null ? bucket : VideoSize(picture, bucket, composition.LargestSide, people));
    }

    /// <summary>
    /// Returns the size of a video that keeps the shape of its portrait. Both sides are even, the longer one is at most
    /// <paramref name="largestSide"/>, and the place of every person, or half of the width for each of two, is at least as large as the
    /// bucket.
    /// </summary>
    /// <param name="picture">Height and width of the portrait.</param>
    /// <param name="bucket">Height and width of the generated frames.</param>
    /// <param name="largestSide">Largest side of the video.</param>
    /// <param name="people">Number of people.</param>
    public static (int Height, int Width) VideoSize(
        (int Height, int Width) picture, (int Height, int Width) bucket, int largestSide, int people = 1)
    {
        picture = (Math.Min(picture.Height, LargestRatio * picture.Width), Math.Min(picture.Width, LargestRatio * picture.Height));
        double most = Math.Min(1, (double)largestSide / Math.Max(picture.Height, picture.Width));
        double least = Math.Max((double)bucket.Height / picture.Height, (double)people * bucket.Width / picture.Width);
        double scale = Math.Max(most, least);
        return (Even(picture.Height * scale), Even(picture.Width * scale));
    }

    /// <summary>
    /// Returns the place of the person in a picture: around the face that is found, or else in the middle. It may extend beyond the
    /// picture. A picture of the bucket's shape is the place itself.
    /// </summary>
    /// <param name="picture">The portrait at the video's size.</param>
    /// <param name="bucket">Height and width of the generated frames.</param>
    public static FacePlace Find(Picture picture, (int Height, int Width) bucket) =>
        Find(picture, new PixelRegion(0, 0, picture.Height, picture.Width), bucket);

    /// <summary>Returns the place of each of two people in the video.</summary>
    /// <param name="boxes">The box of each person in pixels of the picture; empty for the left and the right half.</param>
    /// <param name="source">Height and width of the picture.</param>
    /// <param name="portrait">The portrait at the video's size, which shows the centre of the picture.</param>
    /// <param name="bucket">Height and width of the generated frames.</param>
    public static IReadOnlyList<FacePlace> FindTwo(
        IReadOnlyList<SpeakerBox> boxes, (int Height, int Width) source, Picture portrait, (int Height, int Width) bucket)
    {
        int half = source.Width / 2;
        if (boxes.Count == 0) boxes = [new(0, 0, half, source.Height), new(half, 0, source.Width, source.Height)];
        return [.. boxes.Select(box => Find(portrait, Shown(box, source, (portrait.Height, portrait.Width)), bucket))];
    }

    private static FacePlace Find(Picture portrait, PixelRegion inside, (int Height, int Width) bucket)
    {
        int rows = inside.Bottom - inside.Top, columns = inside.Right - inside.Left;
        double scale = Math.Min((double)rows / bucket.Height, (double)columns / bucket.Width);
        int height = Math.Min(rows, (int)Math.Round(bucket.Height * scale));
        int width = Math.Min(columns, (int)Math.Round(bucket.Width * scale));
        bool whole = rows - height < Negligible * rows && columns - width < Negligible * columns;
        if (!whole && bucket.Height == bucket.Width && FaceFinder.Find(portrait, inside) is { } face
            && face.Bottom - face.Top >= bucket.Height)
        {
            return new FacePlace(face, IsFound: true);
        }
        var middle = new PixelRegion(0, 0, height, width).Moved((rows - height) / 2, (columns - width) / 2);
        return new FacePlace(middle.Moved(inside.Top, inside.Left), IsFound: whole);
    }

    /// <summary>Returns the reason why a box cannot be used with a picture; null if all boxes are valid.</summary>
    /// <param name="boxes">The box of each person in pixels of the picture.</param>
    /// <param name="source">Height and width of the picture.</param>
    /// <param name="video">Height and width of the video, which shows the centre of the picture.</param>
    /// <param name="bucket">Height and width of the generated frames.</param>
    public static string? Fault(
        IReadOnlyList<SpeakerBox> boxes, (int Height, int Width) source, (int Height, int Width) video, (int Height, int Width) bucket)
    {
        double scale = Scale(source, video);
        if (SpeakerRegions.Outside(boxes, source) is { } outside) return outside;
        foreach (var box in boxes)
        {
            var shown = Shown(box, source, video);
            if (shown.Bottom - shown.Top >= bucket.Height && shown.Right - shown.Left >= bucket.Width) continue;
            return $"expected boxes of at least {Math.Ceiling(bucket.Width / scale)} x {Math.Ceiling(bucket.Height / scale)} pixels " +
                $"in the part of the picture that the video shows, found {box}";
        }
        return null;
    }

    /// <summary>Returns the part of a box that the video shows, in pixels of the video.</summary>
    private static PixelRegion Shown(SpeakerBox box, (int Height, int Width) source, (int Height, int Width) video)
    {
        double scale = Scale(source, video), cutTop = (source.Height - video.Height / scale) / 2,
            cutLeft = (source.Width - video.Width / scale) / 2;
        int top = Pixel(box.Top - cutTop, video.Height), left = Pixel(box.Left - cutLeft, video.Width);
        return new PixelRegion(top, left, Pixel(box.Bottom - cutTop, video.Height), Pixel(box.Right - cutLeft, video.Width));

        int Pixel(double position, int length) => (int)Math.Round(Math.Clamp(position * scale, 0, length));
    }

    private static double Scale((int Height, int Width) source, (int Height, int Width) video) =>
        Math.Max((double)video.Height / source.Height, (double)video.Width / source.Width);

    private static int Even(double pixels) => 2 * (int)Math.Floor(pixels / 2 + 1e-6);
}
