using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Video;
using Locutor.Models;

namespace Locutor.Generation.Conditioning;

/// <summary>The conditioning pictures of a video, resized and cropped to the nearest bucket: one still, or the frames of a source video.</summary>
public sealed class SourcePictures : IAsyncDisposable
{
    private const double Negligible = 0.03;

    private readonly VideoReader? video;
    private readonly Picture? still;

    private SourcePictures(string path, int animation, Picture first, VideoReader? video, IReadOnlyList<int[]> buckets, CompositionOptions? composition)
    {
        this.video = video;
        (SourceHeight, SourceWidth) = (first.Height, first.Width);
        (Height, Width) = SizeBuckets.Nearest(buckets, first.Height, first.Width);
        if (video is null) still = PictureResizer.ResizeToCover(first, Height, Width);
        (VideoHeight, VideoWidth) = (Height, Width);
        if (video is null && composition is not null)
        {
            (VideoHeight, VideoWidth) = SizeBuckets.OwnSize((Height, Width), (SourceHeight, SourceWidth), composition.LargestSide);
            Target = PictureResizer.ResizeToCover(first, VideoHeight, VideoWidth);
        }
        string[] notes = [animation > 1 ? $"{path}: is animated ({animation} frames); its first frame is used" : "", CropNote(path, first, VideoHeight, VideoWidth)];
        Notes = [.. notes.Where(note => note.Length > 0)];
    }

    /// <summary>For the user: what is not used of the source.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Of what the networks draw.</summary>
    public int Height { get; }

    public int Width { get; }

    /// <summary>Of the video to be made.</summary>
    public int VideoHeight { get; }

    public int VideoWidth { get; }

    /// <summary>The portrait at the video's size, into which frames are composed; null where the video shows frames as they are drawn.</summary>
    public Picture? Target { get; }

    /// <summary>Of the source.</summary>
    public int SourceHeight { get; }

    public int SourceWidth { get; }

    /// <param name="path">A picture or a video.</param>
    /// <param name="buckets">[height, width] pairs.</param>
    /// <param name="composition">Of the bundle; used for a still picture.</param>
    public static async Task<SourcePictures> OpenAsync(string path, IReadOnlyList<int[]> buckets, MediaLimits limits, CancellationToken ct, CompositionOptions? composition = null)
    {
        var info = await MediaProbe.ProbeAsync(path, limits, ct).ConfigureAwait(false);
        if (info.Kind != MediaKind.Video) return new(path, info.Frames, await PictureDecoder.DecodeAsync(path, limits, ct).ConfigureAwait(false), null, buckets, composition);
        var reader = await VideoReader.OpenAsync(path, limits, ct).ConfigureAwait(false);
        try
        {
            return new(path, 1, await reader.ReadFrameAsync(0, ct).ConfigureAwait(false), reader, buckets, null);
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The picture at a video frame; frames are asked for in order. Past the end of a source video its last one stands.</summary>
    public async ValueTask<Picture> AtAsync(int frame, CancellationToken ct)
    {
        if (video is null) return still!;
        return PictureResizer.ResizeToCover(await video.ReadFrameAsync(frame, ct).ConfigureAwait(false), Height, Width);
    }

    /// <summary>Empty where less than <see cref="Negligible"/> of a side is cut off.</summary>
    internal static string CropNote(string path, Picture source, int height, int width)
    {
        double scale = Math.Max((double)height / source.Height, (double)width / source.Width);
        double rows = source.Height - height / scale, columns = source.Width - width / scale;
        bool tall = rows / source.Height > columns / source.Width;
        if (Math.Max(rows / source.Height, columns / source.Width) < Negligible) return "";
        int each = (int)Math.Round((tall ? rows : columns) / 2);
        return $"{path}: is {source.Width}x{source.Height} and the video {width}x{height}, so {each} {(tall ? "rows at the top and as many at the bottom" : "columns at the left and as many at the right")} are cut off; crop the picture yourself to choose what stays";
    }

    public ValueTask DisposeAsync() => video?.DisposeAsync() ?? ValueTask.CompletedTask;
}
