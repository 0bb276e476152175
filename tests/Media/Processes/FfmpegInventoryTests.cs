using System.Diagnostics;
using Locutor.Media.Processes;

namespace Locutor.Media.Tests.Processes;

public sealed class FfmpegInventoryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-inventory-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_ffmpeg_of_this_machine_has_everything()
    {
        var found = await FfmpegInventory.TakeAsync(TestContext.Current.CancellationToken);
        found.Missing.ShouldBeEmpty();
        found.MissingForSome.ShouldBeEmpty();
        found.VideoEncoder.ShouldNotBeNull();
        char.IsAsciiDigit(found.Version[0]).ShouldBeTrue(found.Version);
    }

    [Fact]
    public void Decoders_and_encoders_have_the_name_of_their_codec_or_names_of_their_own()
    {
        const string List =
            " D..... = Decoding supported\n -------\n" +
            " DEV.LS h264       H.264 (Part 10) (decoders: h264 h264_v4l2m2m ) (encoders: libx264 h264_nvenc )\n" +
            " DEVILS webp       WebP (encoders: libwebp_anim libwebp )\n D.A.L. qcelp      QCELP\n .EAIL. mp2fixed   MP2\n" +
            " ..S... dvb        DVB\n";
        FfmpegInventory.Coders(List, "decoders").ShouldBe(["h264", "h264_v4l2m2m", "webp", "qcelp"], ignoreOrder: true);
        FfmpegInventory.Coders(List, "encoders").ShouldBe(
            ["libx264", "h264_nvenc", "libwebp_anim", "libwebp", "mp2fixed"], ignoreOrder: true);
    }

    /// <summary>Like ffmpeg 4.3 of Debian 11, which makes most videos.</summary>
    [Fact]
    public async Task A_part_that_only_some_videos_need_is_told_with_its_purpose()
    {
        string path = Path.Combine(folder, "ffmpeg");
        await ScriptFile.WriteAsync(
            path, "#!/bin/bash\n[[ $* != *normalize=0* ]] || exit 1\nffmpeg \"$@\" | grep -v ' zscale '\nexit ${PIPESTATUS[0]}\n");
        var found = await FfmpegInventory.TakeAsync(
            FfmpegTools.Find() with { Ffmpeg = path }, TestContext.Current.CancellationToken);
        found.Missing.ShouldBeEmpty();
        found.MissingForSome.ShouldBe([
            "filter zscale for videos in HDR or of a wide gamut",
            "option normalize of the filter amix, which came with ffmpeg 4.4, for two voices"
        ]);
    }

    [Fact]
    public async Task An_ffmpeg_that_hangs_is_killed()
    {
        string path = Path.Combine(folder, "ffmpeg"), number = Path.Combine(folder, "number");
        await ScriptFile.WriteAsync(path, $"#!/bin/bash\necho $$ > {number}.part\nmv {number}.part {number}\nexec sleep 1000\n");
        using var impatient = new CancellationTokenSource();
        var taking = FfmpegInventory.TakeAsync(new FfmpegTools(path, path), impatient.Token);
        while (!File.Exists(number)) await Task.Delay(10, TestContext.Current.CancellationToken);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(taking);
        int hanging = int.Parse(await File.ReadAllTextAsync(number, TestContext.Current.CancellationToken));
        Should.Throw<ArgumentException>(() => Process.GetProcessById(hanging)); // no such process
    }

    [Theory]
    [InlineData(" D  mov,mp4,m4a,3gp,3g2,mj2 QuickTime / MOV", "mp4")]
    [InlineData(" DE wav             WAV / WAVE (Waveform Audio)", "wav")]
    [InlineData(" D d alsa            ALSA audio input", "alsa")]
    [InlineData(" ... aresample         A->A       Resample audio data.", "aresample")]
    [InlineData(" V....D libx264              libx264 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10 (codec h264)", "libx264")]
    public void Names_of_encoders_and_filters_are_read_from_the_lists_of_ffmpeg(string line, string name) =>
        FfmpegInventory.Names($"File formats:\n D. = Demuxing supported\n --\n{line}\n").ShouldContain(name);

    [Fact]
    public void A_format_that_is_only_read_is_no_format_to_write()
    {
        const string List = " D  mov,mp4,m4a QuickTime / MOV\n  E mp4  MP4 (MPEG-4 Part 14)\n DE wav  WAVE\n D d alsa  ALSA\n";
        FfmpegInventory.Names(List, 'D').ShouldBe(["mov", "mp4", "m4a", "wav", "alsa"], ignoreOrder: true);
        FfmpegInventory.Names(List, 'E').ShouldBe(["mp4", "wav"], ignoreOrder: true);
    }
}
