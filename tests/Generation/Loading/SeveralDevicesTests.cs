using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Loading;

/// <summary>Whole videos on two devices, which both are the CPU, each with weights of its own.</summary>
[Trait("uses", "convolutions")]
public sealed class SeveralDevicesTests
{
    /// <summary>The height is the lowest whose frames two devices decode together.</summary>
    private const int Height = 128, Width = 48, Frames = 5, Steps = 4;
    private readonly long seed = TestSeed.Value;

    /// <summary>
    /// Two passes per step are computed on different devices, a single pass on both together. Guided steps precede the others, and a step
    /// cache decides once for both devices.
    /// </summary>
    [Theory]
    [InlineData(1, 2, null, null)]
    [InlineData(1, 1, null, null)]
    [InlineData(3, 2, null, null)]
    [InlineData(1, 2, 2, "teacache:10")]
    [InlineData(1, 2, 2, "easycache:10")]
    public async Task A_video_on_two_devices_equals_that_on_one(double text, double audio, int? guided, string? cache)
    {
        var (expected, skipped) = await VideoAsync([], text, audio, guided, cache);
        var (found, alsoSkipped) = await VideoAsync([CPU], text, audio, guided, cache);
        found.ShouldBeNear(expected, 1e-3, $"seed {seed}");
        alsoSkipped.ShouldBe(skipped);
        if (cache is not null) skipped.ShouldBeGreaterThan(0);
        expected.Dispose();
        found.Dispose();
    }

    [Fact]
    public async Task Idle_devices_are_reported()
    {
        var notices = new List<string>();
        await VideoAsync([CPU, CPU], 1, 1, null, null, notices.Add);
        notices.ShouldHaveSingleItem().ShouldStartWith(
            "2 of 3 GPUs are used: a step has 1 pass, the tokens of a pass are divided by heads");
    }

    [Theory]
    [InlineData("0,0")]
    [InlineData("0,one")]
    [InlineData("")]
    [InlineData("-1")]
    public void A_malformed_list_of_GPUs_is_refused(string text) =>
        Should.Throw<RequestException>(() => DeviceFinder.FindGpus(text)).Errors["gpus"][0]
            .ShouldBe($"expected different numbers of GPUs, such as 0,1, found '{text}'");

    private async Task<(Tensor Video, int Skipped)> VideoAsync(
        IReadOnlyList<Device> helpers, double text, double audio, int? guided, string? cache, Action<string>? notice = null)
    {
        using var networks = NetworkSet.Random(UntrainedBundle.Bundle, seed, new(CPU, ScalarType.Float32) { Helpers = helpers });
        var config = networks.Transformer.Config;
        using var generator = new Generator((ulong)seed, CPU);
        Tensor Normal(params long[] shape) => randn(shape, ScalarType.Float32, CPU, generator: generator);
        var speech = SpeechTrack.From(Normal(Frames + 8, config.AudioBlocks, config.AudioChannels));
        byte[] pixels = new byte[3 * Height * Width];
        new Random((int)seed).NextBytes(pixels);
        var picture = new Picture(Width, Height, pixels);
        var inputs = new GenerationInputs(
            Normal(1, 7, config.TextWidth), Normal(1, 5, config.TextWidth), [speech], (_, _) => ValueTask.FromResult(picture));
        StepCacheOptions? chosen = null;
        if (cache is not null) StepCacheOptions.TryParse(cache, "480p", out chosen).ShouldBeTrue();
        var counted = chosen is null ? null : new Counted(chosen);
        var options = new GenerationOptions(
            Height, Width, new ClipPlan(Frames + 4, Frames, 1), Steps, 3, new GuidanceOptions(text, audio) { GuidedSteps = guided })
        {
            StepCache = counted,
        };
        var parts = new List<Tensor>();
        var whole = new TalkingVideoGenerator(networks) { Notice = notice };
        await foreach (var clip in whole.GenerateAsync(
            inputs, options, new SeededNoise(seed), cancellationToken: TestContext.Current.CancellationToken))
        {
            using (clip) parts.Add(clip.Video.clone());
        }

        return (cat(parts, 1), counted?.Made.Sum(made => made.Skipped) ?? 0);
    }

    private sealed record Counted(StepCacheOptions Inner) : StepCacheOptions
    {
        public List<IStepCache> Made { get; } = [];

        public override string Name => Inner.Name;

        public override IStepCache Create()
        {
            Made.Add(Inner switch
            {
                TeaCacheOptions tea => (tea with { AlwaysFirst = 1, Coefficients = [1, 0] }).Create(),
                EasyCacheOptions easy => (easy with { AlwaysFirst = 2 }).Create(),
                _ => throw new NotSupportedException(),
            });
            return Made[^1];
        }
    }
}
