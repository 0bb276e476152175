using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
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
    [InlineData(false, 9.0, 38)] // and longer
    [InlineData(true, 9.0, 111)]
    public async Task Writes_h264_and_aac_as_long_as_the_frames(bool fragmented, double soundSeconds, int frames)
    {
        string sound = await folder.MakeAsync("in.wav", $"-f lavfi -i sine=440:r=44100:d={soundSeconds} -ac 2");
        var options = new VideoWriterOptions(folder["-out %d.mp4"], 98, 66)
        {
            Sound = Soundtrack.FromFile(sound),
            Fragmented = fragmented,
            Label = Label,
        };
        await WriteAsync(options, frames);
        string[] everything = ["-v", "error", "-count_frames", "-show_packets", "-show_streams", "-show_format", "-of", "json"];
        var found = JsonNode.Parse(await TempFolder.RunAsync("ffprobe", [.. everything, "file:" + options.Path]))!;
        JsonNode[] streams = [.. found["streams"]!.AsArray().OfType<JsonNode>()];
        streams.Length.ShouldBe(2);
        JsonNode video = streams[0], audio = streams[1], format = found["format"]!;
        Values(video, "codec_name width height pix_fmt color_space color_transfer color_primaries r_frame_rate nb_read_frames")
            .ShouldBe(["h264", "98", "66", "yuv420p", "bt709", "bt709", "bt709", "25/1", $"{frames}"]);
        Values(audio, "codec_name sample_rate channels").ShouldBe(["aac", "44100", "2"]);
        foreach (var timed in new[] { video, audio, format })
            double.Parse(Values(timed, "duration")[0], CultureInfo.InvariantCulture).ShouldBe(frames / 25.0, 0.04);
        var packet = found["packets"]!.AsArray().Last(one => Values(one!, "codec_type")[0] == "audio")!;
        double.Parse(Values(packet, "pts_time")[0], CultureInfo.InvariantCulture).ShouldBe(frames / 25.0, 0.04);
        SyntheticMediaLabel.Read(options.Path).ShouldBe(Label with { Model = "tiny \"model\" é" });
        Values(format["tags"]!, "comment")[0].ShouldContain("trainedAlgorithmicMedia");
        Directory.GetFiles(folder.Path).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sound_and_picture_stay_together(bool fragmented)
    {
        float[] samples = new float[16000 * 3];
        for (int n = 24000; n < samples.Length; n++) samples[n] = 0.5f * MathF.Sin(n * 0.4f); // silent for 1.5 s
        var options = new VideoWriterOptions(folder["out.mp4"], 64, 64)
        {
            Sound = Soundtrack.FromWaveform(new Waveform(16000, samples)),
            Fragmented = fragmented,
        };
        await WriteAsync(options, 75);
        byte[] pcm = await TempFolder.RunForBytesAsync(
            "ffmpeg",
            ["-v", "error", "-i", options.Path, "-af", "aresample=async=1:first_pts=0", "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]);
        int first = Enumerable.Range(0, pcm.Length / 2).First(n => Math.Abs(BitConverter.ToInt16(pcm, 2 * n)) > 4000);
        (first / 48000.0).ShouldBe(1.5, 0.03);
    }

    [Fact]
    public async Task Two_sounds_are_mixed_or_follow_each_other_and_stereo_is_kept()
    {
        // Only left channels have a tone, so that a downmix would be noticed in the right channel.
        string low = await folder.MakeAsync("low.wav", "-f lavfi -i aevalsrc=0.4*sin(2*PI*300*t)|0:s=22050:d=2");
        string high = await folder.MakeAsync("high.flac", "-f lavfi -i aevalsrc=0.4*sin(2*PI*3000*t)|0:s=44100:d=1");
        foreach (bool together in new[] { true, false })
        {
            var sound = together ? Soundtrack.SideBySide(low, high) : Soundtrack.OneAfterTheOther(low, high);
            var options = new VideoWriterOptions(folder[$"{together}.mp4"], 64, 64) { Sound = sound };
            await WriteAsync(options, 80);
            byte[] pcm = await TempFolder.RunForBytesAsync(
                "ffmpeg", ["-v", "error", "-i", options.Path, "-f", "f32le", "-ac", "2", "-ar", "48000", "-"]);
            Power(pcm, channel: 0, from: 0.2, to: 0.8).ShouldBe(together ? 0.16 : 0.08, 0.01);
            Power(pcm, channel: 0, from: 2.2, to: 2.8).ShouldBe(together ? 0 : 0.08, 0.01);
            Power(pcm, channel: 1, from: 0.2, to: 2.8).ShouldBe(0, 1e-4);
        }
    }

    [Fact]
    public async Task Colours_are_kept_by_encoding_and_decoding()
    {
        var options = new VideoWriterOptions(folder["out.mp4"], 128, 96) { Quality = 1 };
        await WriteAsync(options, 3);
        await using var reader = await VideoReader.OpenAsync(options.Path, MediaLimits.Default, Ct);
        for (int i = 0; i < 3; i++)
        {
            var read = await reader.ReadFrameAsync(i, Ct);
            byte[] wrote = Frame(128, 96, i);
            read.Rgb.Zip(wrote, (a, b) => Math.Abs(a - b)).Average().ShouldBeLessThan(1.5); // the wrong matrix gives more than 5
        }
    }

    [Fact]
    public async Task A_fragmented_file_can_be_played_while_it_grows_and_has_its_label_in_front()
    {
        var options = new VideoWriterOptions(folder["out.mp4"], 64, 64)
        {
            Fragmented = true,
            Label = Label,
            Sound = Soundtrack.FromWaveform(new Waveform(16000, new float[16000])),
        };
        await using var writer = await VideoWriter.CreateAsync(options, Ct);
        for (int i = 0; i < 250; i++) await writer.WriteFrameAsync(Frame(64, 64, i), Ct);
        var waited = Stopwatch.StartNew();
        while (new FileInfo(writer.PartialPath).Length < 4000 && waited.Elapsed < TimeSpan.FromSeconds(60)) await Task.Delay(50, Ct);
        string[] counted =
        [
            "-v", "quiet", "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"
        ];
        int.Parse(await TempFolder.RunAsync("ffprobe", [.. counted, writer.PartialPath]), CultureInfo.InvariantCulture)
            .ShouldBeInRange(50, 250);
        SyntheticMediaLabel.Read(writer.PartialPath).ShouldNotBeNull();
        await writer.CompleteAsync(Ct);
        byte[] file = await File.ReadAllBytesAsync(options.Path, Ct);
        file.AsSpan().IndexOf("trainedAlgorithmicMedia"u8).ShouldBeLessThan(file.AsSpan().IndexOf("moov"u8));
    }

    [Fact]
    public async Task An_unfragmented_file_has_its_index_in_front()
    {
        var options = new VideoWriterOptions(folder["out.mp4"], 64, 64);
        await WriteAsync(options, 5);
        byte[] file = await File.ReadAllBytesAsync(options.Path, Ct);
        file.AsSpan().IndexOf("moov"u8).ShouldBeInRange(1, file.AsSpan().IndexOf("mdat"u8));
        SyntheticMediaLabel.Read(options.Path).ShouldBeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposing_or_cancelling_leaves_no_file_and_no_process(bool fragmented)
    {
        string sound = await folder.MakeAsync("in.flac", "-f lavfi -i sine=440:r=44100:d=60"); // needs a decoder
        for (int run = 0; run < 4; run++)
        {
            using var stop = new CancellationTokenSource();
            var options = new VideoWriterOptions(folder["out.mp4"], 640, 480)
            {
                Sound = Soundtrack.FromFile(sound),
                Fragmented = fragmented,
            };
            await using (var writer = await VideoWriter.CreateAsync(options, Ct))
            {
                if (run % 2 == 0) stop.CancelAfter(20 * run);
                var writing = async () =>
                {
                    for (int i = 0; i < (run % 2 == 0 ? 100_000 : run); i++) await writer.WriteFrameAsync(Frame(640, 480, i), stop.Token);
                };
                if (run % 2 == 0) await writing.ShouldThrowAsync<OperationCanceledException>();
                else await writing();
            }
            Directory.GetFiles(folder.Path).ShouldBe([sound]);
            TempFolder.ProcessesNaming(folder.Path).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task An_encoder_that_crashes_is_named_in_one_line()
    {
        await using var writer = await VideoWriter.CreateAsync(new VideoWriterOptions(folder["out.mp4"], 640, 480), Ct);
        await writer.WriteFrameAsync(Frame(640, 480, 0), Ct);
        foreach (int id in TempFolder.ProcessesNaming(writer.PartialPath)) Process.GetProcessById(id).Kill();
        var error = await Should.ThrowAsync<MediaException>(async () =>
        {
            for (int i = 0; i < 50; i++) await writer.WriteFrameAsync(Frame(640, 480, i), Ct);
        });
        error.Message.ShouldStartWith(folder["out.mp4"]);
        error.Message.ShouldNotContain('\n');
    }

    [Fact]
    public async Task Outputs_that_cannot_be_written_are_refused_at_once()
    {
        Directory.CreateDirectory(folder["taken.mp4"]);
        foreach (string path in new[] { folder["missing/out.mp4"], folder["taken.mp4"], "/proc/out.mp4", "out\0.mp4", "" })
        {
            var error = await Should.ThrowAsync<MediaException>(() => VideoWriter.CreateAsync(new VideoWriterOptions(path, 64, 64), Ct));
            error.Message.ShouldContain("cannot be written");
        }
        Directory.GetFiles(folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task Bad_options_bad_sound_and_no_frames_are_refused()
    {
        foreach (var options in
                new VideoWriterOptions[]
                {
                    new("a.mp4", 63, 64), new("a.mp4", 64, 0), new("a.mp4", 64, 64) { Quality = 0 },
                    new("a.mp4", 64, 64) { FramesPerSecond = 0 }
                })
        {
            await Should.ThrowAsync<ArgumentOutOfRangeException>(() => VideoWriter.CreateAsync(options, Ct));
        }
        string text = folder.Write("sound.wav", "#EXTM3U\nfile:///etc/passwd\n");
        (await Should.ThrowAsync<MediaException>(
            () => VideoWriter.CreateAsync(new VideoWriterOptions(folder["a.mp4"], 64, 64) { Sound = Soundtrack.FromFile(text) }, Ct)))
            .Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        await using (var writer = await VideoWriter.CreateAsync(new VideoWriterOptions(folder["a.mp4"], 64, 64), Ct))
        {
            await Should.ThrowAsync<ArgumentException>(() => writer.WriteFrameAsync(new byte[5], Ct));
            (await Should.ThrowAsync<MediaException>(() => writer.CompleteAsync(Ct))).Message.ShouldContain("no frame");
        }
        Directory.GetFiles(folder.Path).ShouldBe([text]);
    }

    private static string[] Values(JsonNode found, string names) => [.. names.Split(' ').Select(name => found[name]!.ToString())];

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
        {
            (rgb[3 * p], rgb[3 * p + 1], rgb[3 * p + 2]) = (
                (byte)(p % width * 255 / width), (byte)(p / width * 255 / height), (byte)(index * 2));
        }
        return rgb;
    }

    private static double Power(byte[] pcm, int channel, double from, double to) =>
        Enumerable.Range((int)(from * 48000), (int)((to - from) * 48000))
            .Average(n => Math.Pow(BitConverter.ToSingle(pcm, 8 * n + 4 * channel), 2));

    public void Dispose() => folder.Dispose();
}
