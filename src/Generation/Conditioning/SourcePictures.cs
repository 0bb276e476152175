using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Video;

namespace Locutor.Generation.Conditioning;

/// <summary>The conditioning pictures of a video, resized and cropped to the nearest bucket: one still, or the frames of a source video.</summary>
public sealed class SourcePictures : IAsyncDisposable
{
    private readonly VideoReader? video;
    private readonly Picture? still;

    private SourcePictures(Picture first, VideoReader? video, IReadOnlyList<int[]> buckets)
    {
        this.video = video;
        (SourceHeight, SourceWidth) = (first.Height, first.Width);
        (Height, Width) = SizeBuckets.Nearest(buckets, first.Height, first.Width);
        if (video is null) still = PictureResizer.ResizeToCover(first, Height, Width);
    }

    /// <summary>Of the video to be made.</summary>
    public int Height { get; }

    public int Width { get; }

    /// <summary>Of the source.</summary>
    public int SourceHeight { get; }

    public int SourceWidth { get; }

    /// <param name="path">A picture or a video.</param>
    /// <param name="buckets">[height, width] pairs.</param>
    public static async Task<SourcePictures> OpenAsync(string path, IReadOnlyList<int[]> buckets, MediaLimits limits, CancellationToken ct)
    {
        var info = await MediaProbe.ProbeAsync(path, limits, ct).ConfigureAwait(false);
        if (info.Kind != MediaKind.Video) return new(await PictureDecoder.DecodeAsync(path, limits, ct).ConfigureAwait(false), null, buckets);
        var reader = await VideoReader.OpenAsync(path, limits, ct).ConfigureAwait(false);
        try
        {
            return new(await reader.ReadFrameAsync(0, ct).ConfigureAwait(false), reader, buckets);
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

    public ValueTask DisposeAsync() => video?.DisposeAsync() ?? ValueTask.CompletedTask;
}
