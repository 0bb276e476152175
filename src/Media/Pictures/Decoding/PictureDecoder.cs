using Locutor.Media.Files;
using Locutor.Media.Pictures.Heif;
using Locutor.Media.Probing;
using NetVips;

namespace Locutor.Media.Pictures.Decoding;

/// <summary>
/// Decodes picture files as 8-bit sRGB: JPEG, PNG, GIF and WebP (first frame), TIFF, AVIF, HEIC, and the formats of
/// <see cref="FfmpegPictures"/>.
/// </summary>
/// <remarks>Colour profiles are applied; transparent parts are blended with mid grey.</remarks>
public static class PictureDecoder
{
    /// <summary>Decodes a picture to 8-bit RGB, upright according to its EXIF orientation.</summary>
    /// <exception cref="MediaException">The file is no supported picture, is damaged, or exceeds the limits. Its size is checked before it
    /// is decoded.</exception>
    public static async Task<Picture> DecodeAsync(string path, MediaLimits limits, CancellationToken cancellationToken = default)
    {
        var file = MediaFile.Open(path, limits);
        if (!file.Container.IsPicture) throw file.Unsupported($"is {file.Container.Name}, expected a picture");
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limits.DecodeTimeout);
        try
        {
            var header = await PictureHeader.ReadAsync(file, limits, timer.Token).ConfigureAwait(false);
            if (file.Container == MediaContainer.Heic)
                return await HeifDecoder.DecodeAsync(file, limits, timer.Token).ConfigureAwait(false);
            return VipsLoader.Reads(file.Container)
                ? await Task.Run(() => DecodeWithVips(file, timer.Token), timer.Token).ConfigureAwait(false)
                : await FfmpegPictures.DecodeAsync(file, header, limits, timer.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && timer.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw file.TimedOut(limits.DecodeTimeout);
        }
    }

    private static Picture DecodeWithVips(MediaFile file, CancellationToken cancellationToken)
    {
        try
        {
            using var probe = VipsLoader.Load(file, sequential: true);
            bool upright = !probe.Contains("orientation") || (int)probe.Get("orientation") <= 1;
            using var loaded = VipsLoader.Load(file, sequential: upright); // rotation needs random access
            using var turned = loaded.Autorot();
            using var bytes = ColourManagement.ToSrgb(turned);
            if (bytes.Bands != 3) throw file.Unsupported($"{bytes.Bands} colour channels, expected 3");
            bytes.SetProgress(true);
            using var stop = cancellationToken.UnsafeRegister(static image => ((Image)image!).SetKill(true), bytes);
            byte[] rgb = bytes.WriteToMemory<byte>();
            cancellationToken.ThrowIfCancellationRequested();
            return new Picture(bytes.Width, bytes.Height, rgb);
        }
        catch (VipsException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw file.Damaged(VipsLoader.Reason(e), e);
        }
    }
}
