using System.Buffers.Binary;
using Locutor.Media.Pictures;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Video;

public sealed class VideoReaderTests : IDisposable
{
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("mp4", "-c:v libx264 -pix_fmt yuv444p -crf 1")]
    [InlineData("webm", "-c:v libvpx -b:v 2M")]
    [InlineData("mkv", "-c:v ffv1")]
    [InlineData("avi", "-c:v mpeg4 -q:v 2")]
    [InlineData("mov", "-c:v prores_ks")]
    [InlineData("flv", "-c:v flv1 -q:v 2")]
    [InlineData("wmv", "-c:v wmv2 -q:v 2")]
    [InlineData("ts", "-c:v mpeg2video -q:v 2")]
    public async Task Frames_are_read_at_25_per_second(string extension, string codec)
    {
        // The grey level is 8 times the frame number. Every second frame of a 50 fps source is skipped, so levels rise by 16.
        string path = await folder.MakeRowAsync(
            "{0}", "-f lavfi -i color=black:s=66x50:r=50:d=0.48,geq=lum=16+8*N:cb=128:cr=128", "{1}", extension, codec);
        await using var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct);
        (reader.Width, reader.Height).ShouldBe((66, 50));
        int[] levels = new int[12];
        for (int i = 0; i < 12; i++) levels[i] = At(await reader.ReadFrameAsync(i, Ct), 33, 25).R;
        // 16 * 255/219
        for (int i = 1; i < 12; i++) (levels[i] - levels[i - 1]).ShouldBeInRange(14, 23, $"frame {i} of {string.Join(' ', levels)}");
    }

    [Fact]
    public async Task Past_the_end_the_last_frame_repeats_and_a_few_earlier_ones_can_be_read_again()
    {
        string path = await folder.MakeAsync(
            "in.mkv", "-f lavfi -i color=black:s=32x32:r=25:d=0.8,geq=lum=16+10*N:cb=128:cr=128 -c:v ffv1");
        await using var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct);
        var tenth = await reader.ReadFrameAsync(10, Ct);
        (await reader.ReadFrameAsync(10 - VideoReader.Window + 1, Ct)).ShouldNotBe(tenth);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await reader.ReadFrameAsync(10 - VideoReader.Window, Ct));
        (await reader.ReadFrameAsync(10, Ct)).ShouldBeSameAs(tenth);
        var last = await reader.ReadFrameAsync(19, Ct);
        (await reader.ReadFrameAsync(20, Ct)).ShouldBeSameAs(last);
        (await reader.ReadFrameAsync(100_000, Ct)).ShouldBeSameAs(last);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await reader.ReadFrameAsync(-1, Ct));
    }

    [Fact]
    public async Task Rotation_and_pixel_aspect_of_a_video_are_applied()
    {
        // Left half red; turned clockwise by 90 degrees it is the top half.
        string flat = await folder.MakeAsync(
            "flat.mp4", "-f lavfi -i color=blue:s=64x32:r=25:d=0.2,drawbox=w=32:h=32:t=fill:color=red -c:v libx264 -crf 5");
        byte[] bytes = await File.ReadAllBytesAsync(flat, Ct);
        int matrix = bytes.AsSpan().IndexOf("tkhd"u8) + 4 + 40;
        foreach (uint number in new uint[] { 0, 0x10000, 0, 0xFFFF0000, 0, 0, 32 << 16, 0, 0x40000000 })
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(matrix), number);
            matrix += 4;
        }
        string turned = folder.Write("turned.mp4", bytes);
        await using (var reader = await VideoReader.OpenAsync(turned, MediaLimits.Default, Ct))
        {
            var frame = await reader.ReadFrameAsync(0, Ct);
            (frame.Width, frame.Height).ShouldBe((32, 64));
            At(frame, 16, 10).R.ShouldBeGreaterThan(200);
            At(frame, 16, 54).B.ShouldBeGreaterThan(200);
        }
        string wide = await folder.MakeAsync("wide.mp4", "-f lavfi -i testsrc=s=64x32:d=0.2,setsar=3/2 -c:v libx264");
        await using (var reader = await VideoReader.OpenAsync(wide, MediaLimits.Default, Ct))
            (reader.Width, reader.Height).ShouldBe((96, 32));
    }

    [Fact]
    public async Task A_source_cut_short_ends_early_and_one_without_frames_is_refused()
    {
        string whole = await folder.MakeAsync("in.mp4", "-f lavfi -i testsrc=s=64x48:r=25:d=4 -c:v libx264 -g 10 -movflags +faststart");
        byte[] bytes = await File.ReadAllBytesAsync(whole, Ct);
        string cut = folder.Write("cut.mp4", bytes[..(bytes.Length * 3 / 5)]);
        await using (var reader = await VideoReader.OpenAsync(cut, MediaLimits.Default, Ct))
            (await reader.ReadFrameAsync(99, Ct)).Width.ShouldBe(64);
        string headless = folder.Write("headless.mp4", bytes[..900]);
        (
            await Should.ThrowAsync<MediaException>(() => VideoReader.OpenAsync(headless, MediaLimits.Default, Ct)))
            .Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        string sound = await folder.MakeAsync("in.wav", "-f lavfi -i sine=d=1");
        (
            await Should.ThrowAsync<MediaException>(() => VideoReader.OpenAsync(sound, MediaLimits.Default, Ct)))
            .Message.ShouldContain("without video");
    }

    [Fact]
    public async Task Cancelling_or_disposing_leaves_no_process()
    {
        string path = await folder.MakeAsync("in.mp4", "-f lavfi -i testsrc=s=160x120:r=25:d=8 -c:v libx264 -preset ultrafast");
        using var stop = new CancellationTokenSource(300);
        await using (var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct))
        {
            await reader.ReadFrameAsync(3, Ct);
            await stop.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(async () => await reader.ReadFrameAsync(190, stop.Token));
        }
        await using (await VideoReader.OpenAsync(path, MediaLimits.Default, Ct)) { }
        TempFolder.ProcessesNaming(folder.Path).ShouldBeEmpty();
    }

    private static (int R, int G, int B) At(Picture picture, int x, int y)
    {
        int at = 3 * (y * picture.Width + x);
        return (picture.Rgb[at], picture.Rgb[at + 1], picture.Rgb[at + 2]);
    }

    public void Dispose() => folder.Dispose();
}
