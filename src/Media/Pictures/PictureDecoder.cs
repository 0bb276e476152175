using Locutor.Media.Processes;
using NetVips;
using static NetVips.Enums;

namespace Locutor.Media.Pictures;

/// <summary>Reads a picture file: JPEG, PNG, GIF (first frame), BMP, TIFF, WebP, AVIF.</summary>
/// <remarks>
/// Colour profiles are not applied, as Pillow's <c>convert("RGB")</c> does not. Transparent parts are laid over mid grey.
/// </remarks>
public static class PictureDecoder
{
    private const double NeutralGround = 128;

    /// <summary>Decodes to 8-bit RGB, upright as EXIF says.</summary>
    /// <exception cref="MediaException">Not such a picture, damaged, or beyond the limits; nothing is decoded before its size was checked.</exception>
    public static async Task<Picture> DecodeAsync(string path, MediaLimits limits, CancellationToken ct = default)
    {
        var file = MediaFile.Open(path, limits);
        if (!file.Container.IsPicture) throw file.Unsupported($"is {file.Container.Name}, expected a picture");
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timer.CancelAfter(limits.DecodeTimeout);
        try
        {
            var header = await Task.Run(() => PictureHeader.Read(file, limits), ct).ConfigureAwait(false);
            return file.Container == MediaContainer.Bmp
                ? await DecodeBitmapAsync(file, header, limits, timer.Token).ConfigureAwait(false)
                : await Task.Run(() => DecodeWithVips(file, timer.Token), timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw file.TimedOut(limits.DecodeTimeout);
        }
    }

    private static Picture DecodeWithVips(MediaFile file, CancellationToken ct)
    {
        try
        {
            using var probe = VipsLoader.Load(file, sequential: true);
            bool upright = !probe.Contains("orientation") || (int)probe.Get("orientation") <= 1;
            using var loaded = VipsLoader.Load(file, sequential: upright); // turning needs random access
            using var turned = loaded.Autorot();
            using var coloured = turned.Colourspace(Interpretation.Srgb);
            using var flat = coloured.HasAlpha() ? coloured.Flatten([NeutralGround]) : coloured.Copy();
            using var bytes = flat.Cast(BandFormat.Uchar);
            if (bytes.Bands != 3) throw file.Unsupported($"{bytes.Bands} colour channels, expected 3");
            bytes.SetProgress(true);
            using var stop = ct.UnsafeRegister(static image => ((Image)image!).SetKill(true), bytes);
            byte[] rgb = bytes.WriteToMemory<byte>();
            ct.ThrowIfCancellationRequested();
            return new Picture(bytes.Width, bytes.Height, rgb);
        }
        catch (VipsException e)
        {
            ct.ThrowIfCancellationRequested();
            throw file.Unsupported($"damaged {file.Container.Name} ({VipsLoader.Reason(e)})", e);
        }
    }

    /// <summary>libvips as packaged has no BMP loader.</summary>
    private static async Task<Picture> DecodeBitmapAsync(MediaFile file, PictureHeader header, MediaLimits limits, CancellationToken ct)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", "-max_pixels", $"{limits.MaxPicturePixels}", .. file.InputArguments(),
            "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
        ];
        await using var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        using var kill = process.KillOn(ct);
        byte[] rgb = new byte[3L * header.Width * header.Height];
        int read = await process.Output.ReadAtLeastAsync(rgb, rgb.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        await process.WaitAsync(ct).ConfigureAwait(false);
        return read == rgb.Length
            ? new Picture(header.Width, header.Height, rgb)
            : throw file.Unsupported($"damaged BMP ({process.Complaint(file.FullPath)})");
    }
}
