using Locutor.Media.Pictures;
using Locutor.Media.Probing;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Video;

/// <summary>Source videos as phones and camcorders make them: colours, fields, shapes and containers.</summary>
public sealed class SourceVideoTests : IDisposable
{
    private const string Bars =
        "-f lavfi -i color=white:s=128x128:r=25:d=0.4,drawbox=w=64:h=64:t=fill:color=red," +
        "drawbox=x=64:w=64:h=64:t=fill:color=blue,drawbox=y=64:w=64:h=64:t=fill:color=gray";
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("arib-std-b67")]
    [InlineData("smpte2084")]
    public async Task Hdr_phone_videos_get_the_colours_of_bt709(string transfer)
    {
        // SDR converted to HDR with white at 203 cd/m2 (BT.2408); the program converts it back.
        string lift =
            "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709," +
            $"zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=2020,zscale=t={transfer}:m=2020_ncl:r=tv:npl=203,format=yuv420p10le";
        string path = await folder.MakeAsync(
            "hdr.mp4",
            $"{Bars},scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,{lift} -c:v libx265 -x265-params log-level=none:crf=8 " +
            $"-color_trc {transfer} -color_primaries bt2020 -colorspace bt2020nc");
        var frame = await FrameAsync(path);
        ShouldBe(frame, 32, 32, 244, 0, 0, 14); // bright parts are compressed a little, so that brighter ones fit
        ShouldBe(frame, 96, 32, 0, 0, 244, 14);
        ShouldBe(frame, 32, 96, 128, 128, 128, 8);
        ShouldBe(frame, 96, 96, 244, 244, 244, 8);
    }

    [Theory]
    [InlineData("bt2020", "2020", "bt2020nc", "2020_ncl")]
    [InlineData("smpte432", "smpte432", "bt709", "709")]
    public async Task Wide_gamut_videos_without_hdr_get_the_colours_of_bt709(
        string primaries, string target, string matrix, string zimgMatrix)
    {
        string convert =
            "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p," +
            "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709," +
            $"zscale=p={target}:m={zimgMatrix}:r=tv,format=yuv420p10le";
        string path = await folder.MakeAsync(
            "wide.mp4",
            $"{Bars},{convert} -c:v libx265 -x265-params log-level=none:crf=8 -color_trc bt709 -color_primaries {primaries} " +
            $"-colorspace {matrix}");
        var frame = await FrameAsync(path);
        ShouldBe(frame, 32, 32, 255, 0, 0, 8);
        ShouldBe(frame, 96, 32, 0, 0, 255, 8);
        ShouldBe(frame, 32, 96, 128, 128, 128, 4);
    }

    [Fact]
    public async Task Hd_video_that_names_no_matrix_is_bt709_and_small_video_is_bt601()
    {
        foreach (var (size, matrix) in new[] { ("1280x720", "bt709"), ("640x480", "smpte170m") })
        {
            string path = await folder.MakeAsync(
                "in.mkv",
                $"-f lavfi -i color=0xC8283C:s={size}:r=25:d=0.1,format=gbrp," +
                $"scale=out_color_matrix={matrix}:out_range=tv,format=yuv444p " +
                "-c:v ffv1 -colorspace unknown");
            (await TempFolder.ProbeAsync(path, "v", "stream=color_space")).ShouldBe(["unknown"]);
            ShouldBe(await FrameAsync(path), 60, 60, 200, 40, 60, 3);
        }
    }

    [Theory]
    [InlineData("yuv444p", "tv")]
    [InlineData("yuv420p", "pc")]
    [InlineData("yuv422p10le", "tv")]
    [InlineData("gbrp", "pc")]
    [InlineData("gray", "pc")]
    public async Task Pixel_formats_and_ranges_are_honoured(string format, string range)
    {
        string path = await folder.MakeRowAsync(
            "mkv", "-f lavfi -i color=gray:s=64x64:r=25:d=0.2,format=gbrp,geq=r=90:g=90:b=90",
            "-vf scale=out_color_matrix=bt709:out_range={1},format={0} -c:v ffv1 -color_range {1}", format, range);
        ShouldBe(await FrameAsync(path), 30, 30, 90, 90, 90, 2);
    }

    [Theory]
    [InlineData("mpg", "-c:v mpeg2video -q:v 2 -flags +ilme+ildct -top 1")]
    [InlineData("mts", "-c:v libx264 -crf 5 -x264opts tff=1 -f mpegts -mpegts_m2ts_mode 1")]
    [InlineData("mov", "-c:v prores_ks -q:v 4 -flags +ildct -top 1")]
    [InlineData("dv", "-c:v dvvideo -pix_fmt yuv420p -s 720x576 -top 0")]
    public async Task Interlaced_fields_are_deinterlaced(string extension, string codec)
    {
        // A white bar that moves 40 pixels from field to field appears in every second line of an interlaced frame only.
        string path = await folder.MakeRowAsync(
            "{0}",
            "-f lavfi -i color=white:s=80x576:r=50,format=yuv420p[bar];color=black:s=720x576:r=50:d=0.48,format=yuv420p[back];" +
            "[back][bar]overlay=x='mod(n*40,600)':shortest=1,tinterlace=interleave_top,fieldorder=tff",
            "{1}", extension, codec);
        await using var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct);
        var frame = await reader.ReadFrameAsync(8, Ct);
        Combing(frame).ShouldBeLessThan(6);
    }

    [Fact]
    public async Task Progressive_frames_pass_unchanged()
    {
        // A pattern of single lines would not survive a deinterlacer.
        string path = await folder.MakeAsync(
            "in.mkv", "-f lavfi -i color=black:s=64x64:r=25:d=0.2,format=yuv420p,geq=lum=16+219*mod(Y\\,2):cb=128:cr=128 -c:v ffv1");
        var frame = await FrameAsync(path);
        Combing(frame).ShouldBeGreaterThan(200);
        string one = await folder.MakeAsync("one.mkv", "-f lavfi -i testsrc=s=64x64:r=25:d=0.04 -frames:v 1 -pix_fmt yuv420p -c:v ffv1");
        (await FrameAsync(one)).Width.ShouldBe(64);
    }

    [Theory]
    [InlineData("m2ts", "-c:v libx264 -f mpegts -mpegts_m2ts_mode 1")]
    [InlineData("m2v", "-c:v mpeg2video -q:v 2")]
    [InlineData("m4v", "-c:v mpeg4 -q:v 2 -f m4v")]
    [InlineData("h264", "-c:v libx264 -f h264")]
    [InlineData("hevc", "-c:v libx265 -x265-params log-level=none -f hevc")]
    [InlineData("ivf", "-c:v libvpx -b:v 2M")]
    [InlineData("y4m", "-pix_fmt yuv420p")]
    [InlineData("vob", "-c:v mpeg2video -q:v 2 -f vob")]
    [InlineData("3gp", "-c:v libx264 -f 3gp")]
    [InlineData("mxf", "-c:v mpeg2video -q:v 2")]
    [InlineData("nut", "-c:v ffv1")]
    [InlineData("dv", "-c:v dvvideo -pix_fmt yuv420p -s 720x576")]
    [InlineData("ogv", "-c:v libtheora -q:v 9")]
    [InlineData("frag.mp4", "-c:v libx264 -movflags +frag_keyframe+empty_moov")]
    [InlineData("late.mov", "-c:v libx264 -output_ts_offset 3")]
    public async Task Camcorder_and_raw_streams_are_read(string extension, string codec)
    {
        string path = await folder.MakeRowAsync(
            "{0}", "-f lavfi -i color=white:s=160x120:r=25:d=0.6,drawbox=w=80:h=120:t=fill:color=red", "{1}", extension, codec);
        File.Move(path, folder["video"]);
        var info = await MediaProbe.ProbeAsync(folder["video"], MediaLimits.Default, Ct);
        info.Kind.ShouldBe(MediaKind.Video);
        var frame = await FrameAsync(folder["video"]);
        ShouldBe(frame, frame.Width / 4, frame.Height / 2, 254, 0, 0, 24);
        ShouldBe(frame, frame.Width * 3 / 4, frame.Height / 2, 255, 255, 255, 8);
    }

    [Fact]
    public async Task Frames_of_a_variable_rate_come_at_their_time()
    {
        string path = await folder.MakeAsync(
            "in.mkv",
            "-f lavfi -i color=black:s=32x32:r=50:d=1,geq=lum=16+4*N:cb=128:cr=128,select='not(between(n,10,39))' -fps_mode vfr -c:v ffv1");
        await using var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct);
        int early = Red(await reader.ReadFrameAsync(4, Ct)), held = Red(await reader.ReadFrameAsync(15, Ct)),
            late = Red(await reader.ReadFrameAsync(22, Ct));
        (held - early).ShouldBeInRange(0, 12); // no new frame for 0.6 s
        (late - held).ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task A_video_container_without_video_is_named_as_that()
    {
        string path = await folder.MakeAsync("in.m4a", "-f lavfi -i sine=d=1 -c:a aac");
        var error = await Should.ThrowAsync<MediaException>(() => VideoReader.OpenAsync(path, MediaLimits.Default, Ct));
        error.Message.ShouldContain("is MP4 without video, expected a picture or a video");
    }

    private static async Task<Picture> FrameAsync(string path)
    {
        await using var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct);
        return await reader.ReadFrameAsync(0, Ct);
    }

    /// <summary>Mean difference of a line from the mean of its neighbours, where that is large.</summary>
    private static double Combing(Picture frame)
    {
        double sum = 0;
        for (int y = 1; y < frame.Height - 1; y++)
        {
            for (int x = 0; x < frame.Width; x++)
            {
                int At(int row) => frame.Rgb[3 * (row * frame.Width + x)];
                sum += Math.Abs(At(y) - (At(y - 1) + At(y + 1)) / 2.0);
            }
        }
        return sum / frame.Width / (frame.Height - 2);
    }

    private static int Red(Picture picture) => picture.Rgb[3 * (16 * picture.Width + 16)];

    private static void ShouldBe(Picture picture, int x, int y, int red, int green, int blue, int tolerance)
    {
        int at = 3 * (y * picture.Width + x);
        int[] found = [picture.Rgb[at], picture.Rgb[at + 1], picture.Rgb[at + 2]], expected = [red, green, blue];
        for (int c = 0; c < 3; c++)
        {
            Math.Abs(found[c] - expected[c]).ShouldBeLessThanOrEqualTo(
                tolerance, $"at {x},{y} expected {red},{green},{blue}, found {string.Join(',', found)}");
        }
    }

    public void Dispose() => folder.Dispose();
}
