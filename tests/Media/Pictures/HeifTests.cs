using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Probing;
using NetVips;

namespace Locutor.Media.Tests.Pictures;

/// <summary>Pictures of phones: one HEVC frame, or a grid of them.</summary>
public sealed class HeifTests : IDisposable
{
    private const string X265 =
        "-c:v libx265 -x265-params log-level=none:crf=4:range=full:colormatrix=bt709 -color_range pc -colorspace bt709 -pix_fmt yuv444p " +
        "-f hevc";
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_single_picture_is_read_turned_and_coloured()
    {
        byte[] frame = await FrameAsync("color=blue:s=96x64,drawbox=w=32:h=32:t=fill:color=red");
        var plain = await DecodeAsync(HeifWriter.Single(frame, (96, 64)));
        (plain.Width, plain.Height).ShouldBe((96, 64));
        ShouldBe(plain, 10, 10, 254, 0, 0);
        ShouldBe(plain, 90, 10, 0, 0, 254);
        var turned = await DecodeAsync(HeifWriter.Single(frame, (96, 64), HeifWriter.Rotation(1)));
        (turned.Width, turned.Height).ShouldBe((64, 96));
        ShouldBe(turned, 10, 90, 254, 0, 0); // a quarter counter-clockwise: top left goes to bottom left
        byte[] p3 = await P3Async();
        var wide = await DecodeAsync(HeifWriter.Single(await FrameAsync("color=0x529286:s=64x64"), (64, 64), HeifWriter.Profile(p3)));
        At(wide, 30, 30).R.ShouldBeLessThan(0x52 - 8); // the same numbers are a stronger teal in Display P3
    }

    [Theory]
    [InlineData(128, 128)]
    [InlineData(100, 90)] // the last tiles are cut off
    public async Task A_grid_of_tiles_becomes_one_picture(int width, int height)
    {
        var tiles = new List<byte[]>();
        foreach (string colour in new[] { "red", "lime", "blue", "white" }) tiles.Add(await FrameAsync($"color={colour}:s=64x64"));
        var picture = await DecodeAsync(HeifWriter.Grid([.. tiles], (64, 64), 2, (width, height)));
        (picture.Width, picture.Height).ShouldBe((width, height));
        ShouldBe(picture, 60, 60, 254, 0, 0);
        ShouldBe(picture, 68, 60, 0, 255, 0);
        ShouldBe(picture, 60, 68, 0, 0, 254);
        ShouldBe(picture, 68, 68, 255, 255, 255);
        var info = await MediaProbe.ProbeAsync(folder["in.heic"], MediaLimits.Default, Ct);
        (info.Kind, info.Width, info.Height, info.Container.Name).ShouldBe((MediaKind.Picture, width, height, "HEIC"));
    }

    [Fact]
    public async Task Truncated_contradictory_and_damaged_files_are_refused()
    {
        var random = TestSeed.NewRandom();
        byte[] frame = await FrameAsync("testsrc=s=64x64");
        byte[] whole = HeifWriter.Grid([frame, frame], (64, 64), 2, (128, 64));
        foreach (int length in new[] { 20, 60, 200, whole.Length / 2, whole.Length - 5 })
            (await RefusedAsync(whole[..length])).Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        (await RefusedAsync(whole[..(whole.Length - 200)])).Message.ShouldContain("the file is incomplete");
        (await RefusedAsync(HeifWriter.Grid([frame, frame], (64, 64), 2, (60_000, 60_000)))).Code.ShouldBe(MediaErrorCodes.TooLarge);
        (await RefusedAsync(HeifWriter.Grid([frame], (64, 64), 1, (128, 64)))).Message.ShouldContain("tiles");
        int type = whole.AsSpan().IndexOf("hvc1"u8);
        byte[] other = [.. whole[..type], .. "av01"u8, .. whole[(type + 4)..]];
        (await RefusedAsync(other)).Message.ShouldContain("export it as JPEG");
        for (int run = 0; run < 12; run++)
        {
            byte[] scrambled = [.. whole];
            for (int i = 0; i < 4; i++) scrambled[random.Next(28, 420)] = (byte)random.Next(256);
            try
            {
                await DecodeAsync(scrambled);
            }
            catch (MediaException e)
            {
                e.Message.ShouldStartWith(folder["in.heic"]);
            }
        }
    }

    private static void ShouldBe(Picture picture, int x, int y, int red, int green, int blue)
    {
        var (r, g, b) = At(picture, x, y);
        Math.Max(Math.Abs(r - red), Math.Max(Math.Abs(g - green), Math.Abs(b - blue)))
            .ShouldBeLessThan(8, $"at {x},{y} expected {red},{green},{blue}, found {r},{g},{b}");
    }

    private async Task<byte[]> FrameAsync(string picture) =>
        await File.ReadAllBytesAsync(
            await folder.MakeAsync("frame.hevc", $"-f lavfi -i {picture} -frames:v 1 -vf scale=out_color_matrix=bt709:out_range=pc {X265}"),
            Ct);

    private static async Task<byte[]> P3Async() => await Task.Run(() =>
    {
        using var black = NetVips.Image.Black(8, 8, bands: 3);
        using var image = black.Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
        using var wide = image.IccTransform("p3", inputProfile: "srgb");
        return (byte[])wide.Get("icc-profile-data");
    });

    private async Task<Picture> DecodeAsync(byte[] heic) =>
        await PictureDecoder.DecodeAsync(folder.Write("in.heic", heic), MediaLimits.Default, Ct);

    private async Task<MediaException> RefusedAsync(byte[] heic) => await Should.ThrowAsync<MediaException>(() => DecodeAsync(heic));

    private static (int R, int G, int B) At(Picture picture, int x, int y)
    {
        int at = 3 * (y * picture.Width + x);
        return (picture.Rgb[at], picture.Rgb[at + 1], picture.Rgb[at + 2]);
    }

    public void Dispose() => folder.Dispose();
}
