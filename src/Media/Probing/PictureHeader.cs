using System.Buffers.Binary;
using Locutor.Media.Files;
using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Heif;
using NetVips;

namespace Locutor.Media.Probing;

/// <summary>Width and height as stored (before EXIF rotation) and number of frames, read without decoding.</summary>
internal readonly record struct PictureHeader(int Width, int Height, int Frames)
{
    public static async Task<PictureHeader> ReadAsync(MediaFile file, MediaLimits limits, CancellationToken cancellationToken)
    {
        var header = file.Container == MediaContainer.Bmp ? ReadBitmap(file)
            : file.Container == MediaContainer.Targa ? ReadTarga(file)
            : file.Container == MediaContainer.Heic ? ReadHeif(file)
            : VipsLoader.Reads(file.Container) ? await Task.Run(() => ReadWithVips(file), cancellationToken).ConfigureAwait(false)
            : await ReadWithFfprobeAsync(file, limits, cancellationToken).ConfigureAwait(false);
        file.CheckSize(header.Width, header.Height, limits.MaxSide, limits.MaxPicturePixels);
        if (header.Frames > limits.MaxPictureFrames)
            throw file.TooLarge($"{header.Frames} frames, expected at most {limits.MaxPictureFrames}");
        return header;
    }

    private static async Task<PictureHeader> ReadWithFfprobeAsync(MediaFile file, MediaLimits limits, CancellationToken cancellationToken)
    {
        var info = await MediaProbe.DescribeAsync(file, limits, cancellationToken).ConfigureAwait(false);
        return new PictureHeader(info.Width, info.Height, 1);
    }

    private static PictureHeader ReadWithVips(MediaFile file)
    {
        try
        {
            using var image = VipsLoader.Load(file, sequential: true);
            int frames = image.Contains("n-pages") ? (int)image.Get("n-pages") : 1;
            return new PictureHeader(image.Width, image.Height, frames);
        }
        catch (VipsException e)
        {
            throw file.Damaged(VipsLoader.Reason(e), e);
        }
    }

    private static PictureHeader ReadHeif(MediaFile file)
    {
        var (width, height) = HeifFile.Open(file).Size;
        return new PictureHeader(width, height, 1);
    }

    private static PictureHeader ReadTarga(MediaFile file)
    {
        byte[] header = new byte[18];
        using var stream = File.OpenRead(file.FullPath);
        stream.ReadExactly(header);
        return new PictureHeader(
            BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(12)), BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(14)), 1);
    }

    private static PictureHeader ReadBitmap(MediaFile file)
    {
        byte[] header = new byte[26]; // the sniffer has checked that these bytes exist
        using var stream = File.OpenRead(file.FullPath);
        stream.ReadExactly(header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(14)) == 12)
        {
            return new PictureHeader(
                BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(18)), BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(20)), 1);
        }
        int width = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(18)),
            height = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(22));
        return new PictureHeader(width, height == int.MinValue ? 0 : Math.Abs(height), 1); // negative: rows from the top
    }
}
