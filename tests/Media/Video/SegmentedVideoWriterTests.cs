using System.Globalization;
using Locutor.Media.Sound;
using Locutor.Media.Video;
using Locutor.Media.Video.Segments;

namespace Locutor.Media.Tests.Video;

public sealed class SegmentedVideoWriterTests : IDisposable
{
    private static readonly SyntheticMediaLabel Label = new("Locutor", "sketch", 7);
    private readonly TempFolder folder = new();
    private readonly List<VideoSegment> segments = [];
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(44100, 2, "25,24,11")]
    [InlineData(48000, 1, "81,1,7")] // longer than a group of pictures, and a single frame
    public async Task Segments_and_finished_file_have_every_frame_and_every_packet_of_sound_once(int rate, int channels, string clips)
    {
        int[] counts = [.. clips.Split(',').Select(int.Parse)];
        string sound = await folder.MakeAsync("in.wav", $"-f lavfi -i anoisesrc=seed=3:r={rate}:d=9 -ac {channels}");
        var options = new VideoWriterOptions(folder["-out %d.mp4"], 98, 66) { Sound = Soundtrack.FromFile(sound), Label = Label };
        await WriteAsync(options, counts);

        segments.Select(segment => segment.Frames).ShouldBe(counts);
        segments.Select(segment => segment.Header).ShouldAllBe(header => header.SequenceEqual(segments[0].Header));
        string live = folder.Write("live.mp4", [segments[0].Header, .. segments.Select(segment => segment.Media)]);
        foreach (string file in new[] { live, options.Path })
        {
            var (pictures, packets) = await TimesAsync(file);
            pictures.ShouldBe([.. Enumerable.Range(0, counts.Sum()).Select(n => (long)n * 12800 / 25)]);
            // ffmpeg keeps times in microseconds
            packets.Zip(packets.Skip(1), (one, next) => next - one).ShouldAllBe(step => step >= 1023 && step <= 1025);
            packets[0].ShouldBe(file == live ? 0 : -1024); // the finished file has the packet that primes the decoder
            (packets[^1] + 1024.0).ShouldBeInRange(rate * counts.Sum() / 25.0, rate * counts.Sum() / 25.0 + 2048);
            SyntheticMediaLabel.Read(file).ShouldBe(Label);
        }
        (await FramesAsync(live)).ShouldBe(await FramesAsync(options.Path), "nothing is encoded twice");
        Directory.GetFiles(folder.Path).Length.ShouldBe(3, "no work file is left");
    }

    [Fact]
    public async Task Each_segment_can_be_decoded_with_the_header_alone()
    {
        await WriteAsync(new VideoWriterOptions(folder["out.mp4"], 64, 64), 5, 4);
        string second = folder.Write("second.mp4", segments[0].Header, segments[1].Media);
        (await TimesAsync(second)).Pictures.ShouldBe([5 * 512, 6 * 512, 7 * 512, 8 * 512]);
    }

    [Fact]
    public async Task Sound_and_picture_stay_together_in_every_segment()
    {
        float[] samples = new float[16000 * 3];
        for (int n = 24000; n < samples.Length; n++) samples[n] = 0.5f * MathF.Sin(n * 0.4f); // silent for 1.5 s
        var options = new VideoWriterOptions(folder["out.mp4"], 64, 64) { Sound = Soundtrack.FromWaveform(new Waveform(16000, samples)) };
        await WriteAsync(options, 30, 30, 15);
        string live = folder.Write("live.mp4", [segments[0].Header, .. segments.Select(segment => segment.Media)]);
        foreach (string file in new[] { live, options.Path })
        {
            byte[] pcm = await TempFolder.RunForBytesAsync(
                "ffmpeg",
                ["-v", "error", "-i", file, "-af", "aresample=async=1:first_pts=0", "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]);
            int first = Enumerable.Range(0, pcm.Length / 2).First(n => Math.Abs(BitConverter.ToInt16(pcm, 2 * n)) > 4000);
            (first / 48000.0).ShouldBe(1.5, 0.03);
        }
    }

    [Fact]
    public async Task A_wrong_number_of_frames_and_an_unfinished_video_leave_no_file()
    {
        string path = folder["out.mp4"];
        await using (var writer = await SegmentedVideoWriter.CreateAsync(new VideoWriterOptions(path, 64, 64), 20, 10, KeepAsync, Ct))
        {
            await writer.WriteClipAsync(10, Frames(10, 64, 64, 0), Ct);
            var failure = await Should.ThrowAsync<MediaException>(() => writer.WriteClipAsync(10, Frames(9, 64, 64, 10), Ct));
            failure.Message.ShouldContain("expected a header and 10 frames, found 9 frames");
        }
        Directory.GetFiles(folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task Damaged_sound_is_named()
    {
        string sound = folder.Write("voice.mp3", "no sound at all");
        var failure = await Should.ThrowAsync<MediaException>(
            () => WriteAsync(new VideoWriterOptions(folder["out.mp4"], 64, 64) { Sound = Soundtrack.FromFile(sound) }, 5));
        failure.Message.ShouldContain("voice.mp3");
        Directory.GetFiles(folder.Path).Length.ShouldBe(1);
    }

    public void Dispose() => folder.Dispose();

    private async Task WriteAsync(VideoWriterOptions options, params int[] counts)
    {
        await using var writer = await SegmentedVideoWriter.CreateAsync(options, counts.Sum(), counts.Max(), KeepAsync, Ct);
        int first = 0;
        foreach (int count in counts)
        {
            await writer.WriteClipAsync(count, Frames(count, options.Width, options.Height, first), Ct);
            first += count;
        }
        await writer.CompleteAsync(Ct);
    }

    private Task KeepAsync(VideoSegment segment, CancellationToken cancellationToken)
    {
        segments.Add(segment);
        return Task.CompletedTask;
    }

    /// <summary>Frames that move, in one buffer.</summary>
    private static IEnumerable<byte[]> Frames(int count, int width, int height, int first)
    {
        byte[] frame = new byte[3 * width * height];
        for (int n = first; n < first + count; n++)
        {
            for (int i = 0; i < frame.Length; i++) frame[i] = (byte)(i / 3 % width + 5 * n);
            yield return frame;
        }
    }

    private static async Task<(long[] Pictures, long[] Sound)> TimesAsync(string file)
    {
        var packets = (await TempFolder.ProbeAsync(file, "", "packet=codec_type,pts")).Chunk(2).ToLookup(
            packet => packet[0], packet => long.Parse(packet[1], CultureInfo.InvariantCulture));
        return ([.. packets["video"].Order()], [.. packets["audio"].Order()]);
    }

    private static Task<string> FramesAsync(string file) =>
        TempFolder.RunAsync("ffmpeg", ["-v", "error", "-i", "file:" + file, "-map", "0:v", "-f", "md5", "-"]);
}
