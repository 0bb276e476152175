using Locutor.Generation.Clips;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Sound;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Compositing;

/// <summary>Two people in one portrait with a voice each, made by the bundled model.</summary>
[Trait("uses", "convolutions")]
public sealed class TwoPeopleTests : IDisposable
{
    private const int Side = 32, ClipFrames = 5, MotionFrames = 1, Frames = 7; // two clips
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"locutor-clips-{Guid.NewGuid():N}");
    private readonly NetworkSet networks = NetworkSet.Load(ModelFinder.Find("sketch"), LoadingOptions.From(CPU, Precision.Float32));

    public void Dispose()
    {
        networks.Dispose();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_video_that_goes_on_from_stored_clips_has_equal_bytes_and_one_without_a_clip_of_one_person_begins_anew()
    {
        var portrait = await PairAsync();
        var whole = await RunAsync(portrait, null);
        whole.Count.ShouldBe(Frames);
        Moved(whole, 0).ShouldBeGreaterThan(0, "the left one");
        Moved(whole, Side).ShouldBeGreaterThan(0, "the right one");

        await RunAsync(portrait, new ClipArchive(folder, "this video"), stopAfter: 2);
        Directory.GetFiles(folder).Select(Path.GetFileName).ShouldBe(["clip-00000", "clip-00000-2"], ignoreOrder: true);
        Same(await RunAsync(portrait, new ClipArchive(folder, "this video")), whole);
        File.Delete(Path.Combine(folder, "clip-00000-2"));
        Same(await RunAsync(portrait, new ClipArchive(folder, "this video")), whole);
    }

    private static void Same(List<byte[]> found, List<byte[]> expected)
    {
        found.Count.ShouldBe(expected.Count);
        for (int i = 0; i < found.Count; i++) found[i].AsSpan().SequenceEqual(expected[i]).ShouldBeTrue($"frame {i}");
    }

    /// <summary>Returns how many values of one half differ between the first and the last frame.</summary>
    private static int Moved(List<byte[]> frames, int left) => Enumerable.Range(0, frames[0].Length)
        .Count(at => at / 3 % (2 * Side) / Side == left / Side && frames[0][at] != frames[^1][at]);

    private async Task<List<byte[]>> RunAsync(Picture portrait, ClipArchive? archive, int stopAfter = int.MaxValue)
    {
        var settings = VideoSettings.Resolve(networks.Bundle, VideoRequest.Empty) with
        {
            Buckets = [[Side, Side]],
            ClipFrames = ClipFrames,
            MotionFrames = MotionFrames,
        };
        var random = TestSeed.NewRandom();
        Waveform[] voices = [.. Enumerable.Range(0, 2).Select(_ => Noise(random))];
        using var video = ShownVideo.FromMemory(networks, settings, portrait, voices);
        var frames = new List<byte[]>();
        int clips = 0;
        await foreach (var clip in video.ClipsAsync(archive: archive, cancellationToken: TestContext.Current.CancellationToken))
        {
            if (++clips == stopAfter) break;
            frames.AddRange(clip.Frames.Select(frame => (byte[])frame.Clone()));
        }
        return frames;
    }

    private static Waveform Noise(Random random) =>
        new(16000, [.. Enumerable.Range(0, Frames * 640).Select(_ => 0.2f * (random.NextSingle() - 0.5f))]);

    private static async Task<Picture> PairAsync()
    {
        byte[] pair = new byte[3 * 2 * Side * Side];
        foreach (var (name, at) in new[] { ("hana", 0), ("noor", 1) })
        {
            string path = Path.Combine(TestEnvironment.Checkout, "samples", $"{name}.png");
            var face = await PictureDecoder.DecodeAsync(path, MediaLimits.Default, TestContext.Current.CancellationToken);
            byte[] small = PictureResizer.ResizeToCover(face, Side, Side).Rgb;
            for (int y = 0; y < Side; y++) small.AsSpan(3 * y * Side, 3 * Side).CopyTo(pair.AsSpan(3 * Side * (2 * y + at)));
        }
        return new Picture(2 * Side, Side, pair);
    }
}
