using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Probing;
using NetVips;

namespace Locutor.Media.Tests.Pictures;

/// <summary>Colour profiles, deep and rare pictures: every one comes out as the sRGB colours that it means.</summary>
public sealed class PictureColourTests : IDisposable
{
    private static readonly double[] Teal = [42, 147, 137];
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("in.jpg")]
    [InlineData("in.png")]
    [InlineData("in.tiff")]
    [InlineData("in.webp")]
    public async Task Display_p3_becomes_srgb(string name)
    {
        using var flat = Flat(Teal);
        using var wide = flat.IccTransform("p3", inputProfile: "srgb");
        wide.WriteToFile(folder[name]);
        wide.Getpoint(5, 5)[0].ShouldBeGreaterThan(60, "the stored numbers differ from those of sRGB");
        await ShouldBeAsync(
            folder[name], Teal, name.EndsWith("png", StringComparison.Ordinal) || name.EndsWith("tiff", StringComparison.Ordinal) ? 2 : 6);
    }

    [Fact]
    public async Task Any_embedded_profile_is_applied()
    {
        // Linear sRGB of it: R = 1.3984 r - 0.3984 g, G = g, B = 1.0429 b - 0.0429 g.
        using var stored = Flat(94, 148, 133);
        using var tagged = stored.Mutate(image => image.Set(GValue.BlobType, "icc-profile-data", MatrixProfile.AdobeRgb));
        tagged.WriteToFile(folder["a98.png"]);
        await ShouldBeAsync(folder["a98.png"], [52.6, 149.5, 133.6], 2);
        // A camera's file without a profile: EXIF says "R03" in its interoperability directory.
        byte[] jpeg = stored.JpegsaveBuffer(q: 100);
        byte[] exif =
        [
            .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, .. Directory(0x8769, 26), .. Directory(0xA005, 44), 0, 1, 0, 1, 0, 2, 0, 0, 0, 4,
            .. "R03\0"u8, 0, 0, 0, 0
        ];
        string camera = folder.Write("camera.jpg", jpeg[..2], [0xFF, 0xE1, 0, (byte)(2 + exif.Length)], exif, jpeg[2..]);
        await ShouldBeAsync(camera, [52.6, 149.5, 133.6], 4);
    }

    [Fact]
    public async Task An_srgb_profile_changes_nothing_and_a_broken_one_is_ignored()
    {
        var random = TestSeed.NewRandom();
        byte[] pixels = random.Bytes(3 * 40 * 30);
        using var image = NetVips.Image.NewFromMemoryCopy<byte>(pixels, 40, 30, 3, Enums.BandFormat.Uchar)
            .Copy(interpretation: Enums.Interpretation.Srgb);
        using var tagged = image.IccTransform("srgb", inputProfile: "srgb");
        using var exact = image.Mutate(m => m.Set(GValue.BlobType, "icc-profile-data", (byte[])tagged.Get("icc-profile-data")));
        exact.WriteToFile(folder["srgb.png"]);
        (await PictureDecoder.DecodeAsync(folder["srgb.png"], MediaLimits.Default, Ct)).Rgb.ShouldBe(pixels);
        using var broken = image.Mutate(m => m.Set(GValue.BlobType, "icc-profile-data", random.Bytes(300)));
        broken.Tiffsave(folder["broken.tiff"]);
        (await PictureDecoder.DecodeAsync(folder["broken.tiff"], MediaLimits.Default, Ct)).Rgb.ShouldBe(pixels);
    }

    [Fact]
    public async Task Cmyk_lab_and_deep_pictures_become_srgb()
    {
        using var flat = Flat(Teal);
        using (var cmyk = flat.IccTransform("cmyk", inputProfile: "srgb")) cmyk.Jpegsave(folder["cmyk.jpg"], q: 98);
        await ShouldBeAsync(folder["cmyk.jpg"], Teal, 30); // beyond the inks' gamut
        using (var lab = flat.Colourspace(Enums.Interpretation.Labs)) lab.Tiffsave(folder["lab.tif"]);
        await ShouldBeAsync(folder["lab.tif"], Teal, 2);
        using (var deep = flat.Colourspace(Enums.Interpretation.Rgb16)) deep.Pngsave(folder["deep.png"]);
        await ShouldBeAsync(folder["deep.png"], Teal, 1);
        using (var linear = flat.Colourspace(Enums.Interpretation.Scrgb)) linear.Tiffsave(folder["linear.tif"]);
        await ShouldBeAsync(folder["linear.tif"], Teal, 2);
    }

    [Fact]
    public async Task Lab_with_transparency_is_not_read_as_flat_grey()
    {
        using var flat = Flat(Teal);
        using var lab = flat.Colourspace(Enums.Interpretation.Labs);
        using var opaque = lab.Bandjoin((NetVips.Image.Black(32, 32) - 1).Cast(Enums.BandFormat.Short))
            .Copy(interpretation: Enums.Interpretation.Labs);
        opaque.Tiffsave(folder["lab.tif"]);
        await ShouldBeAsync(folder["lab.tif"], Teal, 2);
        using var half = lab.Bandjoin((NetVips.Image.Black(32, 32) + 32767).Cast(Enums.BandFormat.Short))
            .Copy(interpretation: Enums.Interpretation.Labs);
        half.Tiffsave(folder["half.tif"]);
        await ShouldBeAsync(folder["half.tif"], [85, 137, 132], 3);
    }

    [Theory]
    [InlineData("ppm", "")]
    [InlineData("pam", "-pix_fmt rgba")]
    [InlineData("tga", "")]
    [InlineData("tga", "-rle 0")]
    [InlineData("jp2", "")]
    [InlineData("j2k", "-format j2k")]
    [InlineData("jxl", "-c:v libjxl -distance 0")]
    [InlineData("qoi", "-c:v qoi -f image2pipe")]
    [InlineData("sgi", "")]
    [InlineData("ras", "-c:v sunrast")]
    [InlineData("pcx", "")]
    [InlineData("bmp", "")]
    [InlineData("tiff", "-compression_algo lzw")]
    [InlineData("png", "-pix_fmt rgba64be")]
    public async Task Rare_kinds_give_the_pixels_of_the_png(string extension, string options)
    {
        if (extension == "qoi"
            && !(await TempFolder.RunAsync("ffmpeg", ["-v", "error", "-encoders"])).Contains(" qoi ", StringComparison.Ordinal))
        {
            Assert.Skip("this ffmpeg writes no QOI");
        }
        string png = await folder.MakeAsync("expected.png", "-f lavfi -i testsrc2=s=70x50,format=rgb24 -frames:v 1");
        string made = await folder.MakeRowAsync(
            "{0}", "-f lavfi -i testsrc2=s=70x50,format=rgb24", "-frames:v 1 {1}", extension, options);
        File.Move(made, folder["picture"]);
        var picture = await PictureDecoder.DecodeAsync(folder["picture"], MediaLimits.Default, Ct);
        var expected = await PictureDecoder.DecodeAsync(png, MediaLimits.Default, Ct);
        (picture.Width, picture.Height).ShouldBe((70, 50));
        picture.Rgb.Zip(expected.Rgb, (a, b) => Math.Abs(a - b)).Average().ShouldBeLessThan(extension is "jp2" or "j2k" ? 6 : 0.5);
    }

    [Fact]
    public async Task Plain_grey_and_two_colour_maps_are_read()
    {
        await ShouldBeAsync(
            folder.Write("a.ppm", "P3\n# made by hand\n2 2\n255\n42 147 137 42 147 137\n42 147 137 42 147 137\n"), Teal, 0.1);
        await ShouldBeAsync(folder.Write("a.pgm", "P2\n2 2\n255\n99 99\n99 99\n"), [99, 99, 99], 0.1);
        await ShouldBeAsync(folder.Write("a.pbm", "P1\n2 2\n0 0\n0 0\n"), [255, 255, 255], 0.1);
    }

    [Fact]
    public async Task The_number_of_frames_of_an_animation_is_reported()
    {
        string gif = await folder.MakeAsync("in.gif", "-f lavfi -i testsrc=s=32x32:r=10:d=1");
        (await MediaProbe.ProbeAsync(gif, MediaLimits.Default, Ct)).Frames.ShouldBe(10);
        string still = await folder.MakeAsync("in.png", "-f lavfi -i testsrc=s=32x32 -frames:v 1");
        (await MediaProbe.ProbeAsync(still, MediaLimits.Default, Ct)).Frames.ShouldBe(1);
    }

    [Theory]
    [InlineData("in.png")]
    [InlineData("in.jpg")]
    [InlineData("in.gif")]
    [InlineData("in.webp")]
    [InlineData("in.bmp")]
    [InlineData("in.tiff")]
    public async Task A_truncated_download_is_named_as_that(string name)
    {
        byte[] whole = await File.ReadAllBytesAsync(await folder.MakeAsync(name, "-f lavfi -i testsrc=s=200x200 -frames:v 1"), Ct);
        string cut = folder.Write($"cut-{name}", whole[..(whole.Length * 2 / 3)]);
        var error = await Should.ThrowAsync<MediaException>(() => PictureDecoder.DecodeAsync(cut, MediaLimits.Default, Ct));
        error.Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        error.Message.ShouldContain("the file is incomplete");
    }

    /// <summary>An EXIF directory of one entry that leads to another directory.</summary>
    private static byte[] Directory(int tag, int next) =>
        [0, 1, (byte)(tag >> 8), (byte)tag, 0, 4, 0, 0, 0, 1, 0, 0, 0, (byte)next, 0, 0, 0, 0];

    private static NetVips.Image Flat(params double[] rgb)
    {
        using var black = NetVips.Image.Black(32, 32, bands: 3);
        return (black + rgb).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
    }

    private static async Task ShouldBeAsync(string path, double[] rgb, double tolerance)
    {
        var picture = await PictureDecoder.DecodeAsync(path, MediaLimits.Default, Ct);
        int at = 3 * (picture.Height / 2 * picture.Width + picture.Width / 2);
        for (int c = 0; c < 3; c++)
            ((double)picture.Rgb[at + c]).ShouldBe(rgb[c], tolerance, $"{path}: found {string.Join(',', picture.Rgb[at..(at + 3)])}");
    }

    public void Dispose() => folder.Dispose();
}
