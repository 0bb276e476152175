using Locutor.Media.Video;

namespace Locutor.Media.Tests.Video;

public sealed class VideoFormatTests(TempFolder shared) : IClassFixture<TempFolder>, IDisposable
{
    private static readonly SyntheticMediaLabel Label = new("Locutor 0.1", "tiny", 7);
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("out.mp4", "mov,mp4,m4a,3gp,3g2,mj2", "h264", "aac", false)]
    [InlineData("out.MOV", "mov,mp4,m4a,3gp,3g2,mj2", "h264", "aac", false)]
    [InlineData("out.mov", "mov,mp4,m4a,3gp,3g2,mj2", "h264", "aac", true)]
    [InlineData("out.mkv", "matroska,webm", "h264", "aac", false)]
    [InlineData("out.mkv", "matroska,webm", "h264", "aac", true)]
    [InlineData("out.webm", "matroska,webm", "vp9", "opus", false)]
    [InlineData("out.webm", "matroska,webm", "vp9", "opus", true)]
    [InlineData("out.gif", "gif", "gif", null, false)]
    [InlineData("out.gif", "gif", "gif", null, true)]
    public async Task The_container_follows_the_extension(string name, string container, string video, string? audio, bool fragmented)
    {
        string path = await WriteAsync(folder[name], fragmented);
        string[] found = await TempFolder.ProbeAsync(
            path, "", "stream=codec_name,width,height,nb_read_frames:format=format_name", "-count_frames");
        // The frames of sound, which follow its codec, depend on the encoder.
        found.ShouldBe([video, "64", "48", "30", .. audio is null ? (string[])[] : [audio, found[5]], container]);
        (await File.ReadAllBytesAsync(path, Ct)).AsSpan().IndexOf("trainedAlgorithmicMedia"u8).ShouldBeGreaterThan(0);
        if (video == "gif") return; // a picture for the reader
        await using var reader = await VideoReader.OpenAsync(path, MediaLimits.Default, Ct);
        var frame = await reader.ReadFrameAsync(12, Ct);
        frame.Rgb[3 * (24 * 64 + 16)].ShouldBeInRange((byte)190, (byte)210);
        byte[] pcm = await TempFolder.RunForBytesAsync(
            "ffmpeg", ["-v", "error", "-i", path, "-f", "f32le", "-ac", "1", "-ar", "48000", "-"]);
        Enumerable.Range(4800, 38400).Average(n => Math.Pow(BitConverter.ToSingle(pcm, 4 * n), 2)).ShouldBe(0.045, 0.01);
    }

    [Fact]
    public async Task Other_extensions_are_refused_with_the_list()
    {
        foreach (string name in new[] { "out.avi", "out", "out.mp4.txt", "out." })
        {
            var error = await Should.ThrowAsync<MediaException>(
                () => VideoWriter.CreateAsync(new VideoWriterOptions(folder[name], 64, 48), Ct));
            error.Code.ShouldBe(MediaErrorCodes.OutputFailed);
            error.Message.ShouldContain(".mp4, .mov, .mkv, .webm, .gif");
        }
        Directory.GetFiles(folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_link_stays_a_link_and_its_target_keeps_its_permissions()
    {
        string target = folder.Write("target.mp4", "old"), link = folder["link.mp4"];
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        File.CreateSymbolicLink(link, target);
        await WriteAsync(link, fragmented: false);
        new FileInfo(link).LinkTarget.ShouldBe(target);
        new FileInfo(target).Length.ShouldBeGreaterThan(500);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(target).HasFlag(UnixFileMode.GroupWrite).ShouldBeTrue();
        File.CreateSymbolicLink(folder["dangling.mp4"], folder["new.mp4"]);
        await WriteAsync(folder["dangling.mp4"], fragmented: false);
        new FileInfo(folder["new.mp4"]).Length.ShouldBeGreaterThan(500);
    }

    [Fact]
    public async Task A_device_that_is_full_is_named()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("no /dev/full here");
        var error = await Should.ThrowAsync<MediaException>(() => WriteAsync("/dev/full", fragmented: false));
        error.Code.ShouldBe(MediaErrorCodes.OutputFailed);
        error.Message.ShouldContain("No space left");
        await WriteAsync("/dev/null", fragmented: false);
        File.Exists("/dev/null").ShouldBeTrue();
    }

    private async Task<string> WriteAsync(string path, bool fragmented)
    {
        string sound = await shared.MakeOnceAsync("sound.flac", "-f lavfi -i aevalsrc=0.3*sin(440*PI*t):s=44100:d=2 -c:a flac");
        byte[] rgb = new byte[3 * 64 * 48];
        for (int p = 0; p < 64 * 48; p++)
            (rgb[3 * p], rgb[3 * p + 1], rgb[3 * p + 2]) = p % 64 < 32 ? ((byte)200, (byte)40, (byte)60) : ((byte)20, (byte)140, (byte)90);
        await using var writer = await VideoWriter.CreateAsync(
            new VideoWriterOptions(path, 64, 48) { Sound = Soundtrack.FromFile(sound), Fragmented = fragmented, Label = Label }, Ct);
        for (int i = 0; i < 30; i++) await writer.WriteFrameAsync(rgb, Ct);
        await writer.CompleteAsync(Ct);
        return path;
    }

    public void Dispose() => folder.Dispose();
}
