using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Models;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests;

/// <summary>A run that resumes from stored clips, compared with an undisturbed run; small networks with random weights.</summary>
[Trait("uses", "convolutions")]
public sealed class ClipArchiveTests : IDisposable
{
    private const int Height = 32, Width = 48, ClipFrames = 9, MotionFrames = 5, Frames = 3 * ClipFrames - 2 * MotionFrames - 2;

    private readonly int seed = TestSeed.Value;
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"locutor-clips-{Guid.NewGuid():N}");
    private readonly NetworkSet networks = NetworkSet.Untrained(1, CPU, Arithmetic.For(CPU));

    [Theory]
    [InlineData(0, 0, 3)]
    [InlineData(0.6, 0, 3)]
    [InlineData(0.6, MotionFrames - 1, 4)]
    public async Task Resuming_after_any_clip_gives_equal_bytes_and_computes_no_clip_twice(double colourCorrection, int leadIn, int clips)
    {
        var whole = await RunAsync(colourCorrection, new Noise(seed), null, leadIn: leadIn);
        whole.Count.ShouldBe(Frames);
        for (int stored = 1; stored < clips; stored++)
        {
            await RunAsync(colourCorrection, new Noise(seed), new ClipArchive(folder, "this video"), stopAfter: stored, leadIn);
            var noise = new Noise(seed);
            var resumed = await RunAsync(colourCorrection, noise, new ClipArchive(folder, "this video"), leadIn: leadIn);
            noise.Clips.ShouldBe(Enumerable.Range(stored, clips - stored), $"seed {seed}");
            Same(resumed, whole).ShouldBe(Frames, $"seed {seed}: frames that are the same after {stored} stored clips");
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Stored_clips_of_another_video_and_truncated_ones_are_computed_again()
    {
        await RunAsync(0, new Noise(seed), new ClipArchive(folder, "another video"), stopAfter: 2);
        var noise = new Noise(seed);
        await RunAsync(0, noise, new ClipArchive(folder, "this video"));
        noise.Clips.ShouldBe([0, 1, 2]);

        string second = Path.Combine(folder, "clip-00001");
        using (var file = File.OpenWrite(second)) file.SetLength(file.Length / 2);
        noise = new Noise(seed);
        await RunAsync(0, noise, new ClipArchive(folder, "this video"));
        noise.Clips.ShouldBe([1, 2]);
    }

    public void Dispose()
    {
        networks.Dispose();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>The 8-bit frames, those from the archive among them.</summary>
    private async Task<List<byte[]>> RunAsync(
        double colourCorrection, Noise noise, ClipArchive? archive, int stopAfter = int.MaxValue, int leadIn = 0)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var random = new Random(seed);
        byte[] rgb = new byte[3 * Height * Width];
        random.NextBytes(rgb);
        var picture = new Picture(Width, Height, rgb);
        var generator = new TalkingVideoGenerator(networks.Transformer, networks.Autoencoder, networks.Image, CPU);
        using var sound = new Generator((ulong)seed, CPU);
        using var text = networks.EmbedText("a person is talking");
        using var numbers = randn(
            [Frames, networks.Transformer.Config.AudioBlocks, networks.Transformer.Config.AudioChannels], generator: sound);
        using var speech = SpeechTrack.From(numbers);
        var inputs = new GenerationInputs(text, null, [speech], (_, _) => ValueTask.FromResult(picture));
        var plan = new ClipPlan(Frames, ClipFrames, MotionFrames, leadIn);
        var options = new GenerationOptions(Height, Width, plan, 1, 2, new GuidanceOptions(1, 1))
        {
            ColourCorrection = colourCorrection,
            Continuity = leadIn > 0 ? new ContinuityOptions(24, 8, 3) : null,
        };
        var frames = new List<byte[]>();
        GeneratedClip? last = null;
        if (archive is not null)
        {
            await foreach (var stored in archive.ReadAsync(plan, Height, Width, cancellationToken))
            {
                frames.AddRange(stored.Frames);
                last?.Dispose();
                last = stored.Clip;
            }
        }
        using var from = last;
        await foreach (var clip in generator.GenerateAsync(inputs, options, noise, from, cancellationToken: cancellationToken))
        {
            using (clip)
            {
                frames.AddRange(clip.Frames());
                if (archive is not null && clip.Clip.Index < plan.Count - 1) await archive.SaveAsync(clip, cancellationToken);
                if (clip.Clip.Index + 1 >= stopAfter) break;
            }
        }

        return frames;
    }

    private static int Same(List<byte[]> some, List<byte[]> others) =>
        some.Zip(others).Count(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    /// <summary>Notes for which clips it was asked.</summary>
    private sealed class Noise(long seed) : INoise
    {
        private readonly SeededNoise noise = new(seed);

        public List<int> Clips { get; } = [];

        public Tensor ForClip(int clip, long[] shape)
        {
            Clips.Add(clip);
            return noise.ForClip(clip, shape);
        }

        public Tensor ForStep(int clip, int step, long[] shape) => noise.ForStep(clip, step, shape);
    }
}
