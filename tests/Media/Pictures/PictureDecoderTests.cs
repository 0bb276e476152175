using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Probing;

namespace Locutor.Media.Tests.Pictures;

public sealed class PictureDecoderTests : IDisposable
{
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("png", "", 0)]
    [InlineData("bmp", "", 0)]
    [InlineData("tiff", "", 0)]
    [InlineData("gif", "-filter_complex split[a][b];[a]palettegen[p];[b][p]paletteuse", 20)]
    [InlineData("jpg", "-q:v 1 -pix_fmt yuvj444p", 4)]
    [InlineData("webp", "-lossless 1 -pix_fmt bgra", 0)]
    [InlineData("avif", "-c:v libaom-av1 -still-picture 1 -crf 0 -pix_fmt yuv444p -colorspace smpte170m -cpu-used 8", 4)]
    public async Task Every_format_gives_the_picture_that_was_encoded(string extension, string options, double tolerance)
    {
        string made = await folder.MakeRowAsync("{0}", "-f lavfi -i mandelbrot=s=67x45,trim=end_frame=1", "{1}", extension, options);
        byte[] expected = await File.ReadAllBytesAsync(
            await folder.MakeAsync("expected.rgb", "-f lavfi -i mandelbrot=s=67x45 -frames:v 1 -f rawvideo -pix_fmt rgb24"), Ct);
        File.Move(made, folder["-y [n=-1] %d.txt"]); // a name with special meaning for ffmpeg, libvips and shells
        var picture = await PictureDecoder.DecodeAsync(folder["-y [n=-1] %d.txt"], MediaLimits.Default, Ct);
        (picture.Width, picture.Height).ShouldBe((67, 45));
        picture.Rgb.Zip(expected, (a, b) => Math.Abs(a - b)).Average().ShouldBeLessThanOrEqualTo(tolerance);
        var info = await MediaProbe.ProbeAsync(folder["-y [n=-1] %d.txt"], MediaLimits.Default, Ct);
        (info.Kind, info.Width, info.Height).ShouldBe((MediaKind.Picture, 67, 45));
    }

    [Theory]
    [InlineData("gray", 3)]
    [InlineData("gray16be", 3)]
    [InlineData("rgb48be", 3)]
    [InlineData("monob", 3)]
    [InlineData("ya8", 4)]
    public async Task Grey_deep_and_one_bit_pictures_become_rgb(string format, double tolerance)
    {
        string made = await folder.MakeRowAsync(
            "png", "-f lavfi -i gradients=s=64x40:c0=white:c1=black", "-frames:v 1 -pix_fmt {0}", format);
        byte[] expected = await TempFolder.RunForBytesAsync(
            "ffmpeg", ["-v", "error", "-i", made, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]);
        var picture = await PictureDecoder.DecodeAsync(made, MediaLimits.Default, Ct);
        picture.Rgb.Zip(expected, (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThanOrEqualTo((int)tolerance);
    }

    [Fact]
    public async Task Transparent_parts_are_blended_over_mid_grey()
    {
        string made = await folder.MakeAsync("in.png", "-f lavfi -i color=red@0.5:s=16x16,format=rgba -frames:v 1 -pix_fmt rgba");
        var picture = await PictureDecoder.DecodeAsync(made, MediaLimits.Default, Ct);
        ((int)picture.Rgb[0]).ShouldBeInRange(188, 194);
        ((int)picture.Rgb[1]).ShouldBeInRange(61, 67);
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(3, 1, 1)]
    [InlineData(6, 1, 0)] // stored turned counter-clockwise: its left column is the top row, and the first stored corner is top right
    [InlineData(8, 0, 1)]
    public async Task Exif_orientation_is_honoured(byte orientation, int cornerX, int cornerY)
    {
        byte[] jpeg = await File.ReadAllBytesAsync(
            await folder.MakeAsync("in.jpg", "-f lavfi -i color=blue:s=48x32,drawbox=w=16:h=16:t=fill:color=red -frames:v 1 -q:v 1"), Ct);
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0
        ];
        string turned = folder.Write("turned.jpg", jpeg[..2], exif, jpeg[2..]);
        var picture = await PictureDecoder.DecodeAsync(turned, MediaLimits.Default, Ct);
        (picture.Width, picture.Height).ShouldBe(orientation >= 5 ? (32, 48) : (48, 32));
        for (int y = 0; y < 2; y++)
        {
            for (int x = 0; x < 2; x++)
            {
                int at = 3 * ((y == 0 ? 4 : picture.Height - 5) * picture.Width + (x == 0 ? 4 : picture.Width - 5));
                Math.Abs(picture.Rgb[at] - (x == cornerX && y == cornerY ? 254 : 0)).ShouldBeLessThan(12, $"corner {x} {y}");
            }
        }
    }

    [Fact]
    public async Task Encoded_pictures_are_read_back_and_are_written_to_a_temporary_file_first()
    {
        var random = TestSeed.NewRandom();
        var picture = new Picture(33, 17, random.Bytes(3 * 33 * 17));
        await PictureEncoder.SaveAsync(picture, folder["a.png"], Ct);
        (await PictureDecoder.DecodeAsync(folder["a.png"], MediaLimits.Default, Ct)).Rgb.ShouldBe(picture.Rgb);
        byte[] grey = new byte[3 * 32 * 32];
        Array.Fill(grey, (byte)90);
        await PictureEncoder.SaveAsync(new Picture(32, 32, grey), folder["a.JPG"], Ct);
        (await PictureDecoder.DecodeAsync(folder["a.JPG"], MediaLimits.Default, Ct)).Rgb.ShouldAllBe(b => Math.Abs(b - 90) <= 1);
        PictureEncoder.EncodePng(picture)[..4].ShouldBe([0x89, 0x50, 0x4E, 0x47]);
        PictureEncoder.EncodeJpeg(picture, 80)[..3].ShouldBe([0xFF, 0xD8, 0xFF]);
        await Should.ThrowAsync<MediaException>(() => PictureEncoder.SaveAsync(picture, folder["missing/a.png"], Ct));
        Directory.GetFiles(folder.Path).Length.ShouldBe(2);
    }

    public void Dispose() => folder.Dispose();
}
