using Locutor.Generation.Pictures;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Probing;
using Locutor.Media.Video;
using Locutor.Models;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// The conditioning pictures of a video, resized and cropped to the nearest bucket: a still picture, or the frames of a source video.
/// </summary>
public sealed class SourcePictures : IAsyncDisposable
{
    private const double Negligible = 0.03;
    private const double NearMiddle = 0.1; // of the width

    private readonly VideoReader? video;
    private readonly bool placeIsGuessed;
    private readonly IReadOnlyList<Picture> stills; // one for each place, or the whole picture

    private SourcePictures(
        string path, int animation, Picture first, VideoReader? video, IReadOnlyList<int[]> buckets, CompositionOptions? composition,
        IReadOnlyList<SpeakerBox>? people)
    {
        this.video = video;
        (SourceHeight, SourceWidth) = (first.Height, first.Width);
        var source = (SourceHeight, SourceWidth);
        var (bucket, size) = FacePlaces.Sizes(buckets, video is null ? composition : null, source, people is null ? 1 : 2);
        (Height, Width) = bucket;
        (VideoHeight, VideoWidth) = size;
        stills = [];
        if (video is null && composition is null)
        {
            stills = [PictureResizer.ResizeToCover(first, Height, Width)];
        }
        else if (video is null)
        {
            if (FacePlaces.Fault(people ?? [], source, size, bucket) is { } fault)
                throw new RequestException(VideoFields.Boxes.Name, fault);
            Target = PictureResizer.ResizeToCover(first, VideoHeight, VideoWidth);
            var places = people is null ? [FacePlaces.Find(Target, bucket)] : FacePlaces.FindTwo(people, source, Target, bucket);
            Places = [.. places.Select(place => place.Region)];
            placeIsGuessed = places.Any(place => !place.IsFound);
            stills = [.. Places.Select(place => PictureResizer.ResizeToCover(PictureRegion.Cut(Target, place), Height, Width))];
        }
        string[] notes =
        [
            PlaceNote(path), people is { Count: 0 } ? OnePersonNote(path) : "",
            animation > 1 ? $"{path}: is animated ({animation} frames); its first frame is used" : "",
            CropNote(path, first, VideoHeight, VideoWidth)
        ];
        Notes = [.. notes.Where(note => note.Length > 0)];
    }

    /// <summary>Messages for the user about parts of the source that are not used.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Height of the generated frames in pixels.</summary>
    public int Height { get; }

    public int Width { get; }

    /// <summary>Height of the finished video in pixels.</summary>
    public int VideoHeight { get; }

    public int VideoWidth { get; }

    /// <summary>The portrait at the video's size, into which frames are composed; null if the video has the generated size.</summary>
    public Picture? Target { get; }

    /// <summary>
    /// The region of <see cref="Target"/> that is generated, for each person; empty if the video has the generated size.
    /// </summary>
    public IReadOnlyList<PixelRegion> Places { get; } = [];

    /// <summary>True if the pictures are the frames of a source video.</summary>
    public bool IsVideo => video is not null;

    /// <summary>Height of the source in pixels.</summary>
    public int SourceHeight { get; }

    public int SourceWidth { get; }

    /// <summary>Opens a picture or a video and selects the nearest bucket.</summary>
    /// <param name="path">Path of a picture or a video.</param>
    /// <param name="buckets">The supported sizes, as [height, width] in pixels.</param>
    /// <param name="limits">Limits of size and duration.</param>
    /// <param name="cancellationToken">Cancels the decoding.</param>
    /// <param name="composition">Composition options of the bundle; used for still pictures only.</param>
    /// <param name="people">
    /// The box of each of two people, for a composition; empty for the left and the right half, null for one person.
    /// </param>
    /// <exception cref="RequestException">A box is too small for the composition.</exception>
    public static async Task<SourcePictures> OpenAsync(
        string path, IReadOnlyList<int[]> buckets, MediaLimits limits, CancellationToken cancellationToken,
        CompositionOptions? composition = null, IReadOnlyList<SpeakerBox>? people = null)
    {
        var info = await MediaProbe.ProbeAsync(path, limits, cancellationToken).ConfigureAwait(false);
        if (info.Kind != MediaKind.Video)
        {
            return new(
                path, info.Frames, await PictureDecoder.DecodeAsync(path, limits, cancellationToken).ConfigureAwait(false), null, buckets,
                composition, people);
        }

        var reader = await VideoReader.OpenAsync(path, limits, cancellationToken).ConfigureAwait(false);
        try
        {
            return new(path, 1, await reader.ReadFrameAsync(0, cancellationToken).ConfigureAwait(false), reader, buckets, null, null);
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Returns the picture at a video frame; frames have to be requested in order. After the end of a source video, its last frame is
    /// returned. A picture with places returns the first of them.
    /// </summary>
    public async ValueTask<Picture> AtAsync(int frame, CancellationToken cancellationToken)
    {
        if (video is null) return stills[0];
        return PictureResizer.ResizeToCover(await video.ReadFrameAsync(frame, cancellationToken).ConfigureAwait(false), Height, Width);
    }

    /// <summary>Returns a message about a face that was not found; empty if all were.</summary>
    private string PlaceNote(string path) => placeIsGuessed
        ? $"{path}: no face like that of a painted portrait was found, so it is expected in the middle; crop the picture if it is elsewhere"
        : "";

    /// <summary>Returns a message if the picture shows one person where two people are expected in its halves.</summary>
    private string OnePersonNote(string path) => Target is { } picture && FaceFinder.Find(picture) is { } face
        && Math.Abs((face.Left + face.Right) / 2.0 / picture.Width - 0.5) < NearMiddle
        ? $"{path}: shows one person in the middle, but two voices need two people; use a picture with one in each half, or give boxes"
        : "";

    /// <summary>Returns the picture of one person at the generated size.</summary>
    public Picture Still(int person) => stills[person];

    /// <summary>Returns a message about the cropping; empty if less than <see cref="Negligible"/> of each side is cut off.</summary>
    public static string CropNote(string path, Picture source, int height, int width)
    {
        double scale = Math.Max((double)height / source.Height, (double)width / source.Width);
        double rows = source.Height - height / scale, columns = source.Width - width / scale;
        bool tall = rows / source.Height > columns / source.Width;
        if (Math.Max(rows / source.Height, columns / source.Width) < Negligible) return "";
        int each = (int)Math.Round((tall ? rows : columns) / 2);
        return $"{path}: is {source.Width}x{source.Height} and the video {width}x{height}, so {each} " +
            $"{(tall ? "rows at the top and as many at the bottom" : "columns at the left and as many at the right")} are cut off; " +
            "crop the picture yourself to choose what stays";
    }

    public ValueTask DisposeAsync() => video?.DisposeAsync() ?? ValueTask.CompletedTask;
}
