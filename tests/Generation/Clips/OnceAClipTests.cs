using Locutor.Generation.Blueprints;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.Residency;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests;

/// <summary>
/// Values that do not change between the steps of a clip are computed once. The tests overwrite the matrices of these values after their
/// last expected use; the video must not change.
/// </summary>
[Trait("uses", "convolutions")]
public sealed class OnceAClipTests : IDisposable
{
    private const int Frames = 9, Side = 32, Steps = 3;

    /// <summary>The matrices that compute the keys and values of text, picture and speech, and the embedding of time.</summary>
    private static readonly string[] DoneBeforeTheFirstStep =
    [
        "text_embedding.", "img_emb.", "audio_proj.", "time_embedding.", "time_projection.", "cross_attn.k.", "cross_attn.v.",
        "cross_attn.norm_k.",
        "cross_attn.k_img.", "cross_attn.v_img.", "cross_attn.norm_k_img.", "audio_cross_attn.kv_linear.",
    ];

    /// <summary>Parameters of the keys and values of text and picture.</summary>
    private static readonly string[] DoneOnceAVideo =
        [
            "text_embedding.", "img_emb.", "cross_attn.k.", "cross_attn.v.", "cross_attn.norm_k.", "cross_attn.k_img.", "cross_attn.v_img.",
            "cross_attn.norm_k_img."
        ];

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomParameters others;
    private readonly VideoTransformer transformer;
    private TalkingVideoGenerator generator;
    private readonly Picture picture;

    public OnceAClipTests()
    {
        (parameters, others) = (new RandomParameters(seed), new RandomParameters(seed + 1));
        var sizes = new BundleBlueprint(UntrainedBundle.Bundle);
        var rest = new Weights(others, ScalarType.Float32, CPU);
        transformer = new(new Weights(parameters, ScalarType.Float32, CPU), sizes.Transformer);
        generator = new(
            transformer, new VideoAutoencoder(rest["vae"], sizes.Autoencoder), new ClipVisionEncoder(rest["clip"], sizes.Image), CPU);
        var random = new Random((int)seed);
        byte[] pixels = new byte[Side * Side * 3];
        random.NextBytes(pixels);
        picture = new Picture(Side, Side, pixels);
    }

    public void Dispose()
    {
        transformer.Dispose();
        parameters.Dispose();
        others.Dispose();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public async Task Keys_values_and_time_embeddings_are_computed_once_before_the_first_step(double text, double audio)
    {
        var options = Options(text, audio);
        float[] expected = await VideoAsync(Inputs(1), options, null);
        var spoil = new AtFirstStep(() => Spoiled(DoneBeforeTheFirstStep));
        (await VideoAsync(Inputs(1), options, spoil)).ShouldBe(expected, $"seed {seed}");
        spoil.Clips.ShouldBe(2);
        expected.ShouldAllBe(value => float.IsFinite(value));
    }

    [Fact]
    public async Task Keys_and_values_of_prompts_and_picture_are_computed_once_per_video()
    {
        var options = Options(3, 2);
        float[] expected = await VideoAsync(Inputs(1), options, null);
        using var spoil = new OnceForAll(() => Spoiled(DoneOnceAVideo));
        (await VideoAsync(Inputs(1), options, spoil)).ShouldBe(expected, $"seed {seed}");
        spoil.Clips.ShouldBe(2);
    }

    /// <summary>Blocks that rest in the host's memory come once for each pass and once for all keys and values of a clip.</summary>
    [Fact]
    public async Task Keys_and_values_of_a_clip_take_one_pass_over_the_blocks()
    {
        const int Clips = 2, Passes = 3;
        var options = Options(3, 2);
        float[] expected = await VideoAsync(Inputs(1), options, null);
        var sizes = new BundleBlueprint(UntrainedBundle.Bundle);
        using var offloaded = new VideoTransformer(
            new Weights(parameters, ScalarType.Float32, CPU), sizes.Transformer, new BlockResidency(Resident: 0, Slots: 1));
        var rest = new Weights(others, ScalarType.Float32, CPU);
        generator = new(
            offloaded, new VideoAutoencoder(rest["vae"], sizes.Autoencoder), new ClipVisionEncoder(rest["clip"], sizes.Image), CPU);
        (await VideoAsync(Inputs(1), options, null)).ShouldBe(expected, $"seed {seed}");
        offloaded.Copies.ShouldBe(
            sizes.Transformer.Blocks * Clips * (Steps * Passes + 1) + 1, "the last copy is of a block that nobody asked for any more");
    }

    /// <summary>Shows that overwritten matrices are noticed; otherwise the tests above would prove nothing.</summary>
    [Fact]
    public async Task Matrices_that_every_step_uses_spoil_the_video_when_they_are_damaged_later()
    {
        foreach (string used in (string[])["cross_attn.q.", "audio_cross_attn.q_linear.", "self_attn.k.", "head."])
        {
            var failure = await Should.ThrowAsync<WrongResultException>(
                () => VideoAsync(Inputs(1), Options(1, 1), new AtFirstStep(() => Spoiled([used]))), used);
            failure.When.ShouldBe($"step 1 of {Steps} of clip 1", used);
        }
    }

    [Fact]
    public async Task With_one_person_no_map_of_speakers_is_computed()
    {
        // The masks have a wrong shape, so computing a map of speakers from them would fail.
        var one = Inputs(1) with { Speakers = zeros(7) };
        (await VideoAsync(one, Options(1, 2), null)).ShouldBe(await VideoAsync(Inputs(1), Options(1, 2), null), $"seed {seed}");
        await Should.ThrowAsync<Exception>(() => VideoAsync(Inputs(2) with { Speakers = zeros(7) }, Options(1, 2), null));
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var config = transformer.Config;
        using var rotary = RotaryTable.Create(config.HeadWidth, transformer.Grid(1, 4, 4), CPU);
        var attention = new SelfAttention(new Weights(others, ScalarType.Float32, CPU)["attention"], config);
        attention.Forward(
            new Kernels.Quantisation.Activations(randn(1, 4, config.Width), null), rotary, TokenShare.Whole(transformer.Grid(1, 4, 4)),
            null).SpeakerRotary.ShouldBeNull();
        transformer.EmbedAudio(randn([1, 1, 5, config.AudioWindow, config.AudioBlocks, config.AudioChannels])).Speakers.ShouldBeNull();
    }

    private static GenerationOptions Options(double text, double audio) =>
        new(Side, Side, new ClipPlan(Frames + 4, Frames, 5), Steps, 3, new GuidanceOptions(text, audio));

    private GenerationInputs Inputs(int people)
    {
        var config = transformer.Config;
        using var generator = new Generator((ulong)seed, CPU);
        Tensor Normal(params long[] shape) => randn(shape, ScalarType.Float32, CPU, generator: generator);
        var (text, negative) = (Normal(1, 7, config.TextWidth), Normal(1, 5, config.TextWidth));
        var speech = Enumerable.Range(0, people)
            .Select(_ => SpeechTrack.From(Normal(Frames + 8, config.AudioBlocks, config.AudioChannels))).ToList();
        return new GenerationInputs(text, negative, speech, (_, _) => ValueTask.FromResult(picture));
    }

    private async Task<float[]> VideoAsync(GenerationInputs inputs, GenerationOptions options, IProgress<GenerationProgress>? progress)
    {
        var values = new List<float>();
        await foreach (var clip in
                generator.GenerateAsync(
                    inputs, options, new SeededNoise(seed), progress: progress, cancellationToken: TestContext.Current.CancellationToken))
        {
            using (clip) values.AddRange(clip.Video.contiguous().data<float>().ToArray());
        }
        return [.. values];
    }

    private Restore Spoiled(string[] names)
    {
        using var still = no_grad();
        var spoiled = parameters.Tensors.Where(entry => names.Any(name => $".{entry.Key}".Contains($".{name}", StringComparison.Ordinal)))
            .Select(entry => (entry.Value, Kept: entry.Value.clone().DetachFromDisposeScope())).ToList();
        names.ShouldAllBe(name => parameters.Tensors.Keys.Any(key => $".{key}".Contains($".{name}", StringComparison.Ordinal)));
        foreach (var (tensor, _) in spoiled) tensor.fill_(float.NaN);
        return new(spoiled);
    }

    private sealed record Restore(List<(Tensor Tensor, Tensor Kept)> Spoiled) : IDisposable
    {
        public void Dispose()
        {
            using var still = no_grad();
            foreach (var (tensor, kept) in Spoiled)
            {
                tensor.copy_(kept);
                kept.Dispose();
            }
        }
    }

    /// <summary>Spoils when the first clip's first step begins, and mends when it is disposed.</summary>
    private sealed class OnceForAll(Func<IDisposable> spoil) : IProgress<GenerationProgress>, IDisposable
    {
        private IDisposable? spoiled;

        public int Clips { get; private set; }

        public void Report(GenerationProgress value)
        {
            if (value is not { Stage: GenerationStage.Denoising, Step: 0 }) return;
            spoiled ??= spoil();
            Clips++;
        }

        public void Dispose() => spoiled?.Dispose();
    }

    /// <summary>Spoils when a clip's first step begins, and mends when its last one is done.</summary>
    private sealed class AtFirstStep(Func<IDisposable> spoil) : IProgress<GenerationProgress>
    {
        private IDisposable? spoiled;

        public int Clips { get; private set; }

        public void Report(GenerationProgress value)
        {
            if (value is { Stage: GenerationStage.Denoising, Step: 0 }) (spoiled, Clips) = (spoil(), Clips + 1);
            if (value.Stage == GenerationStage.Decoding) spoiled!.Dispose();
        }
    }
}
