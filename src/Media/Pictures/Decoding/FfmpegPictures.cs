using Locutor.Media.Files;
using Locutor.Media.Probing;
using Locutor.Media.Processes;

namespace Locutor.Media.Pictures.Decoding;

/// <summary>Decodes pictures that the packaged libvips cannot read: BMP, TGA, PNM, JPEG 2000, JPEG XL, PSD, QOI, PCX, SGI.</summary>
internal static class FfmpegPictures
{
    private const int NeutralGround = 128;

    public static async Task<Picture> DecodeAsync(
        MediaFile file, PictureHeader header, MediaLimits limits, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", "-max_pixels", $"{limits.MaxPicturePixels}", .. file.InputArguments(),
            "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1",
        ];
        var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        await using var disposal = process.ConfigureAwait(false);
        using var kill = process.KillOn(cancellationToken);
        byte[] rgba = new byte[4L * header.Width * header.Height];
        int read = await process.Output.ReadAtLeastAsync(rgba, rgba.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        int code = await process.WaitAsync(cancellationToken).ConfigureAwait(false);
        return read == rgba.Length && code == 0
            ? new Picture(header.Width, header.Height, Flatten(rgba))
            : throw file.Damaged(process.Complaint(file.FullPath));
    }

    private static byte[] Flatten(byte[] rgba)
    {
        byte[] rgb = new byte[rgba.Length / 4 * 3];
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
        {
            int alpha = rgba[from + 3];
            for (int c = 0; c < 3; c++) rgb[to + c] = (byte)((rgba[from + c] * alpha + NeutralGround * (255 - alpha) + 127) / 255);
        }
        return rgb;
    }
}
