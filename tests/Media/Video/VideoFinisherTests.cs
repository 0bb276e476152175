using System.Diagnostics;
using System.Globalization;
using Locutor.Media.Captions;
using Locutor.Media.Probing;
using Locutor.Media.Sound;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;

namespace Locutor.Media.Tests.Video;

/// <summary>Finished videos of a bar that moves to the right, with real ffmpeg.</summary>
public sealed class VideoFinisherTests(VideoFinisherTests.DrawnVideo drawn) : IClassFixture<VideoFinisherTests.DrawnVideo>, IDisposable
{
    private const int Width = 96, Height = 64, Frames = 50;
    private static readonly Cue[] Cues = [new(0.4, 0.9, "Grüße & <b>tags</b> {x} \\N"), new(1.2, 1.8, "The second one.")];
    private readonly TempFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("mp4", "mov_text")]
    [InlineData("mov", "mov_text")]
    [InlineData("mkv", "subrip")]
    [InlineData("webm", "webvtt")]
    public async Task Embedded_captions_are_a_track_with_unchanged_words(string extension, string codec)
    {
        string target = await FinishAsync("embedded." + extension, new() { Captions = CaptionPlacement.Embedded, Cues = Cues });
        (await ProbeAsync(target, "-select_streams", "s", "-show_entries", "stream=codec_name")).ShouldBe(codec);
        string captions = folder["captions.srt"];
        byte[][] frames = await FramesAsync(target, Width, Height, "-map", "0:s:0", "-f", "srt", captions);
        string text = await File.ReadAllTextAsync(captions, Stop);
        text.ShouldContain("Grüße & <b>tags</b> (x) /N");
        // Matroska moves all times by the start of the sound, which is before that of the pictures.
        text.ShouldMatch("00:00:00,4[0-3]. --> 00:00:00,9[0-3].");
        text.ShouldContain("The second one.");
        Difference(frames[12], drawn.Frames[12]).ShouldBeLessThan(3, "no caption is in the pictures");
    }

    [Theory]
    [InlineData("mp4")]
    [InlineData("mkv")]
    public async Task Captions_that_last_longer_than_the_video_do_not_make_it_longer(string extension)
    {
        Cue[] cues = [new(1.2, 2.5, "Too long."), new(2.4, 3, "Too late.")];
        string plain = await FinishAsync("plain." + extension, new() { FramesPerSecond = 50 });
        string embedded = await FinishAsync(
            "long." + extension, new() { FramesPerSecond = 50, Captions = CaptionPlacement.Embedded, Cues = cues });
        string duration = await ProbeAsync(plain, "-show_entries", "format=duration");
        duration.ShouldStartWith("2.0");
        (await ProbeAsync(embedded, "-show_entries", "format=duration")).ShouldBe(duration);
        (await ProbeAsync(embedded, "-select_streams", "s", "-count_packets", "-show_entries", "stream=nb_read_packets"))
            .ShouldBe(extension == "mp4" ? "2" : "1", "an mp4 has an empty caption before the first one");
    }

    [Fact]
    public async Task Burnt_captions_are_in_the_lower_part_of_the_pictures_while_they_last()
    {
        string plain = await FinishAsync("plain.mp4", new() { Height = 360 });
        string burnt = await FinishAsync("burnt.mp4", new() { Height = 360, Captions = CaptionPlacement.Burnt, Cues = Cues });
        int width = 540, upper = 3 * width * 240;
        byte[][] plainFrames = await FramesAsync(plain, width, 360), burntFrames = await FramesAsync(burnt, width, 360);
        burntFrames.Length.ShouldBe(Frames);
        foreach (var (frame, shown) in new[] { (5, false), (15, true), (26, false), (35, true), (48, false) })
        {
            byte[] without = plainFrames[frame], with = burntFrames[frame];
            with.Length.ShouldBe(3 * width * 360);
            Changed(without.AsSpan(0, upper), with.AsSpan(0, upper)).ShouldBeLessThan(50, $"frame {frame}, above the captions");
            int below = Changed(without.AsSpan(upper), with.AsSpan(upper));
            if (shown) below.ShouldBeGreaterThan(1000, $"frame {frame}, the captions");
            else below.ShouldBeLessThan(50, $"frame {frame}, no captions");
        }
    }

    [Fact]
    public async Task At_50_frames_a_second_frames_are_shown_twice_or_interpolated()
    {
        string repeated = await FinishAsync("repeated.mp4", new() { FramesPerSecond = 50 });
        string between = await FinishAsync("between.mp4", new() { FramesPerSecond = 50, Interpolate = true });
        foreach (string path in new[] { repeated, between })
        {
            (await ProbeAsync(path, "-select_streams", "v", "-count_frames", "-show_entries", "stream=avg_frame_rate,nb_read_frames"))
                .ShouldBe(string.Create(CultureInfo.InvariantCulture, $"50/1,{2 * Frames}"));
        }
        byte[][] twice = await FramesAsync(repeated, Width, Height), smooth = await FramesAsync(between, Width, Height);
        Bar(twice[21]).ShouldBe(Bar(twice[20]), 0.2);
        Bar(twice[22]).ShouldBe(Bar(twice[20]) + 1, 0.2);
        Bar(smooth[41]).ShouldBe(Bar(smooth[40]) + 0.5, 0.2);
    }

    [Theory]
    [InlineData("mp4")]
    [InlineData("mov")]
    [InlineData("mkv")]
    [InlineData("webm")]
    [InlineData("gif")]
    public async Task Every_format_keeps_length_sound_and_label(string extension)
    {
        string target = await FinishAsync("other." + extension, new());
        var info = await MediaProbe.ProbeAsync(target, MediaLimits.Default, Stop);
        (info.Width, info.Height).ShouldBe((Width, Height));
        if (extension != "gif") info.Duration!.Value.ShouldBe(2, 0.1);
        int count = int.Parse(
            await ProbeAsync(target, "-select_streams", "v", "-count_frames", "-show_entries", "stream=nb_read_frames"),
            CultureInfo.InvariantCulture);
        count.ShouldBe(Frames);
        (info.Audio is not null).ShouldBe(extension != "gif");
        if (extension is "mp4" or "mov")
            SyntheticMediaLabel.Read(target).ShouldBe(new SyntheticMediaLabel("Locutor", "sketch", 7));
        else
            System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(target, Stop)).ShouldContain("trainedAlgorithmicMedia");
    }

    [Fact]
    public async Task A_larger_video_has_the_shape_of_the_drawn_one()
    {
        string target = await FinishAsync("large.mp4", new() { Height = 128 });
        var info = await MediaProbe.ProbeAsync(target, MediaLimits.Default, Stop);
        (info.Width, info.Height).ShouldBe((192, 128));
    }

    [Fact]
    public async Task Captions_cannot_be_embedded_in_a_GIF()
    {
        var failure = await Should.ThrowAsync<MediaException>(
            () => FinishAsync("no.gif", new() { Captions = CaptionPlacement.Embedded, Cues = Cues }));
        failure.Message.ShouldContain("a GIF has no track for captions");
        Directory.GetFiles(folder.Path).ShouldBeEmpty();
        Directory.GetFiles(Path.GetDirectoryName(drawn.Path)!).ShouldBe([drawn.Path]);
    }

    [Fact]
    public async Task A_folder_of_captions_may_have_any_name()
    {
        string odd = Directory.CreateDirectory(Path.Combine(folder.Path, "a'b, c;d[e]:f\\g=%h")).FullName;
        string captions = Path.Combine(odd, "captions.vtt");
        await File.WriteAllTextAsync(captions, CaptionFile.ToWebVtt(Cues), Stop);
        string filter = FinishFilter.Create(
            new() { Captions = CaptionPlacement.Burnt }, VideoFormat.Mp4,
            await MediaProbe.ProbeAsync(drawn.Path, MediaLimits.Default, Stop), captions);
        (await RunAsync("ffmpeg", "-v", "error", "-i", drawn.Path, "-vf", filter, "-f", "null", "-")).ShouldBeEmpty();
    }

    private async Task<string> FinishAsync(string name, FinishOptions options)
    {
        string target = Path.Combine(folder.Path, name);
        await VideoFinisher.FinishAsync(drawn.Path, target, options, MediaLimits.Default, Stop);
        return target;
    }

    /// <summary>Middle of the bar in pixels, by the weight of brightness in the middle row.</summary>
    private static double Bar(byte[] pixels)
    {
        double sum = 0, weight = 0;
        for (int x = 0; x < Width; x++)
        {
            double light = Math.Max(0, pixels[3 * (Height / 2 * Width + x)] - 30);
            sum += light * x;
            weight += light;
        }
        return sum / weight;
    }

    /// <summary>Number of values that differ by more than compression explains.</summary>
    private static int Changed(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int count = 0;
        for (int i = 0; i < first.Length; i++)
            if (Math.Abs(first[i] - second[i]) > 60) count++;
        return count;
    }

    private static double Difference(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        double sum = 0;
        for (int i = 0; i < first.Length; i++) sum += Math.Abs(first[i] - second[i]);
        return sum / first.Length;
    }

    /// <summary>Decodes all frames; <paramref name="others"/> are what ffmpeg writes besides.</summary>
    private static async Task<byte[][]> FramesAsync(string path, int width, int height, params string[] others)
    {
        string[] arguments =
        [
            "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-", .. others
        ];
        return [.. (await TempFolder.RunForBytesAsync("ffmpeg", arguments)).Chunk(3 * width * height)];
    }

    private static async Task<string> ProbeAsync(string path, params string[] arguments) =>
        (await RunAsync("ffprobe", ["-v", "error", .. arguments, "-of", "csv=p=0", path])).Trim().TrimEnd(',');

    private static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = await process.StandardOutput.ReadToEndAsync(Stop), error = await process.StandardError.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);
        process.ExitCode.ShouldBe(0, error);
        return output;
    }

    /// <summary>The video that all tests finish: a white bar on black that moves by one pixel a frame, with a tone.</summary>
    public sealed class DrawnVideo : IAsyncLifetime
    {
        private readonly TempFolder own = new();

        public string Path => own["drawn.mp4"];

        /// <summary>All its frames, decoded.</summary>
        public IReadOnlyList<byte[]> Frames { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            float[] tone = [.. Enumerable.Range(0, 32_000).Select(i => 0.3f * MathF.Sin(i * 0.2f))];
            var options = new VideoWriterOptions(Path, Width, Height)
            {
                Sound = Soundtrack.FromWaveform(new Waveform(16_000, tone)),
                Label = new SyntheticMediaLabel("Locutor", "sketch", 7),
                Quality = 4,
            };
            await using (var writer = await VideoWriter.CreateAsync(options, Stop))
            {
                byte[] frame = new byte[3 * Width * Height];
                for (int i = 0; i < VideoFinisherTests.Frames; i++)
                {
                    frame.AsSpan().Fill(16);
                    for (int y = 0; y < Height; y++) frame.AsSpan(3 * (y * Width + 10 + i), 3 * 24).Fill(200);
                    await writer.WriteFrameAsync(frame, Stop);
                }
                await writer.CompleteAsync(Stop);
            }
            Frames = await FramesAsync(Path, Width, Height);
        }

        public ValueTask DisposeAsync()
        {
            own.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
