using System.Globalization;
using Locutor.Media.Sound;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Video;

public sealed class VideoWriterTests : IDisposable
{
    private static readonly SyntheticMediaLabel Label = new("Locutor 0.1 & <friends>", "tiny \"model\" é\u0001", 9_007_199_254_740_993);
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, 1.0, 37)] // sound shorter than the frames
    [InlineData(true, 1.0, 37)]
    [InlineData(false, 9.0, 37)] // and longer
    [InlineData(true, 9.0, 111)]
    public async Task Writes_h264_and_aac_as_long_as_the_frames(bool fragmented, double soundSeconds, int frames)
    {
        string sound = await folder.MakeAsync("in.wav", $"-f lavfi -i sine=440:r=44100:d={soundSeconds} -ac 2");
        var options = new VideoWriterOptions(folder["-out %d.mp4"], 98, 66) { Sound = Soundtrack.FromFile(sound), Fragmented = fragmented, Label = Label };
        await WriteAsync(options, frames);
        (await TempFolder.ProbeAsync(options.Path, "v", "stream=codec_name,width,height,pix_fmt,color_space,color_transfer,color_primaries,r_frame_rate"))
            .ShouldBe(["h264", "98", "66", "yuv420p", "bt709", "bt709", "bt709", "25/1"]);
        (await TempFolder.ProbeAsync(options.Path, "a", "stream=codec_name,sample_rate,channels")).ShouldBe(["aac", "44100", "2"]);
        (await TempFolder.RunAsync("ffprobe", ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", "file:" + options.Path]))
            .Trim().ShouldBe($"{frames}");
        var decoded = await AudioDecoder.DecodeAsync(options.Path, 44100, MediaLimits.Default, Ct);
        decoded.Seconds.ShouldBe(frames / 25.0, 0.04);
        foreach (string end in await TempFolder.ProbeAsync(options.Path, "", "format=duration"))
            double.Parse(end, CultureInfo.InvariantCulture).ShouldBe(frames / 25.0, 0.04);
        SyntheticMediaLabel.Read(options.Path).ShouldBe(Label with { Model = "tiny \"model\" é" });
        (await TempFolder.ProbeAsync(options.Path, "", "format_tags=comment")).ShouldHaveSingleItem().ShouldContain("trainedAlgorithmicMedia");
        Directory.GetFiles(folder.Path).Length.ShouldBe(2);
    }

    private static async Task WriteAsync(VideoWriterOptions options, int frames)
    {
        await using var writer = await VideoWriter.CreateAsync(options, Ct);
        for (int i = 0; i < frames; i++) await writer.WriteFrameAsync(Frame(options.Width, options.Height, i), Ct);
        File.Exists(options.Path).ShouldBeFalse();
        await writer.CompleteAsync(Ct);
    }

    private static byte[] Frame(int width, int height, int index)
    {
        byte[] rgb = new byte[3 * width * height];
        for (int p = 0; p < width * height; p++)
            (rgb[3 * p], rgb[3 * p + 1], rgb[3 * p + 2]) = ((byte)(p % width * 255 / width), (byte)(p / width * 255 / height), (byte)(index * 2));
        return rgb;
    }

    public void Dispose() => folder.Dispose();
}
