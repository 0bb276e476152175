using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Guard;

/// <summary>
/// A clip with values that are not finite is computed again in float32, with the result of float32 networks. If that fails too, the video
/// fails.
/// </summary>
public sealed class RecomputedClipTests : IDisposable
{
    private const int Height = 32, Width = 48, ClipFrames = 9, MotionFrames = 5, Clips = 3,
        Frames = Clips * (ClipFrames - MotionFrames) + MotionFrames;

    private NetworkSet usual = NetworkSet.Untrained(1, CPU, ScalarType.BFloat16);
    private NetworkSet fine = NetworkSet.Untrained(1, CPU, ScalarType.Float32);
    private readonly List<string> notices = [];

    public static TheoryData<string, int> Failing =>
        new(from device in cuda.is_available()
            ? ["cpu", "cuda"]
            : new[] { "cpu" }
            from clip in Enumerable.Range(0, Clips)
            select (device, clip));

    [Theory]
    [MemberData(nameof(Failing))]
    public async Task A_clip_that_fails_once_is_computed_in_the_higher_precision_and_the_others_stay(string device, int failing)
    {
        if (device != "cpu")
        {
            Dispose();
            (usual, fine) = (
                NetworkSet.Untrained(1, new Device(device), ScalarType.BFloat16),
                NetworkSet.Untrained(1, new Device(device), ScalarType.Float32));
        }
        var found = await RunAsync(usual, new FaultyNoise(failing, times: 1));
        var expected = new List<byte[]>();
        GeneratedClip? last = null;
        for (int clip = 0; clip < Clips; clip++)
        {
            var (frames, made) = await OneAsync(clip == failing ? fine : usual, last);
            expected.AddRange(frames);
            last?.Dispose();
            last = made;
        }
        last?.Dispose();
        found.Count.ShouldBe(expected.Count);
        for (int frame = 0; frame < found.Count; frame++)
            found[frame].AsSpan().SequenceEqual(expected[frame]).ShouldBeTrue($"frame {frame}");
        notices.Single().ShouldBe(
            $"video transformer: numbers that are not finite at step 1 of 2 of clip {failing + 1}, in bfloat16; the clip is computed " +
            "again in float32");
    }

    [Fact]
    public async Task A_clip_that_fails_twice_ends_the_video_after_the_clips_before_it()
    {
        var made = new List<int>();
        var failure = await Should.ThrowAsync<WrongResultException>(() => RunAsync(usual, new FaultyNoise(1, times: 2), made));
        failure.Message.ShouldStartWith(
            "the video transformer gave numbers that are not finite at step 1 of 2 of clip 2, in float32 as before in bfloat16");
        (failure.Network, failure.When).ShouldBe(("video transformer", "step 1 of 2 of clip 2"));
        made.ShouldBe([0]);
    }

    [Fact]
    public async Task Above_float32_there_is_no_second_attempt()
    {
        fine.Finer.ShouldBeNull();
        var failure = await Should.ThrowAsync<WrongResultException>(() => RunAsync(fine, new FaultyNoise(0, times: 1)));
        failure.Message.ShouldContain(", in float32. No video was written");
        notices.ShouldBeEmpty();
    }

    [Fact]
    public async Task Too_little_memory_for_the_higher_precision_is_reported()
    {
        var finer = new FinerNetworks("float32", () => throw new DeviceOutOfMemoryException("the GPU is full"));
        var generator = new TalkingVideoGenerator(usual.Team, usual.Autoencoder, usual.Image, CPU, "bfloat16", finer);
        var failure = await Should.ThrowAsync<WrongResultException>(() => RunAsync(generator, new FaultyNoise(0, times: 1), null, null));
        failure.Message.ShouldContain("too little memory to compute the clip in float32");
    }

    public void Dispose()
    {
        usual.Dispose();
        fine.Dispose();
    }

    private Task<List<byte[]>> RunAsync(NetworkSet networks, INoise noise, List<int>? made = null) =>
        RunAsync(new TalkingVideoGenerator(networks) { Notice = notices.Add }, noise, null, made);

    private async Task<List<byte[]>> RunAsync(TalkingVideoGenerator generator, INoise noise, GeneratedClip? from, List<int>? made)
    {
        var frames = new List<byte[]>();
        await foreach (var clip in GenerateAsync(generator, noise, from))
        {
            using (clip) frames.AddRange(clip.Frames());
            made?.Add(clip.Clip.Index);
        }
        return frames;
    }

    /// <summary>Generates the clip after <paramref name="from"/>; returns its frames and the clip that the next one starts from.</summary>
    private async Task<(List<byte[]> Frames, GeneratedClip Made)> OneAsync(NetworkSet networks, GeneratedClip? from)
    {
        await foreach (var clip in GenerateAsync(new TalkingVideoGenerator(networks), new SeededNoise(TestSeed.Value), from))
            return ([.. clip.Frames()], clip);
        throw new InvalidOperationException("no clip was made");
    }

    private IAsyncEnumerable<GeneratedClip> GenerateAsync(TalkingVideoGenerator generator, INoise noise, GeneratedClip? from)
    {
        var picture = new Picture(Width, Height, TestSeed.NewRandom().Bytes(3 * Height * Width));
        var random = new RandomInputs(TestSeed.Value);
        var config = usual.Transformer.Config;
        var inputs = new GenerationInputs(
            usual.EmbedText("a person is talking"), null,
            [SpeechTrack.From(random.Normal(Frames, config.AudioBlocks, config.AudioChannels).to(usual.Device))],
            (_, _) => ValueTask.FromResult(picture));
        var options = new GenerationOptions(
            Height, Width, new ClipPlan(Frames, ClipFrames, MotionFrames, 0), 2, 2, new GuidanceOptions(1, 1));
        return generator.GenerateAsync(inputs, options, noise, from, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>Noise that is not finite in one clip, so many times.</summary>
    private sealed class FaultyNoise(int failing, int times) : INoise
    {
        private readonly SeededNoise noise = new(TestSeed.Value);
        private int left = times;

        public Tensor ForClip(int clip, long[] shape)
        {
            var values = noise.ForClip(clip, shape);
            if (clip == failing && left-- > 0) values.view(-1)[^1] = float.NaN;
            return values;
        }

        public Tensor ForStep(int clip, int step, long[] shape) => noise.ForStep(clip, step, shape);
    }
}
