using System.Text.Json;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;
using Network = Locutor.Networks.VideoAutoencoder.VideoAutoencoder;

namespace Locutor.Networks.Tests;

[Trait("uses", "convolutions")]
public sealed class VideoAutoencoderTests : IDisposable
{
    private static readonly VideoAutoencoderConfig Tiny = new(
        Width: 4, LatentChannels: 3, Multipliers: [1, 2, 3], ResidualBlocks: 1, TemporalDownsample: [true, true],
        LatentMean: [0.1f, -0.2f, 0.3f], LatentStd: [1.5f, 0.7f, 2f]);

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;
    private readonly Network network;

    public VideoAutoencoderTests()
    {
        random = new RandomInputs(seed);
        parameters = new RandomParameters(seed, trainable: true);
        network = new Network(new Weights(parameters, ScalarType.Float32, CPU), Tiny);
        // Biases must not be 0 and norm weights must not be 1, or errors in them would not be noticed.
        using var still = no_grad();
        foreach (var (_, value) in parameters.Trainable) value.add_(random.Normal(value.shape) * 0.05);
    }

    public void Dispose() => parameters.Dispose();

    [Fact]
    public void Encoding_in_any_chunks_equals_encoding_the_whole()
    {
        using var still = no_grad();
        var video = random.Normal(1, 3, 9, 8, 12);
        var whole = network.Encode(video);
        whole.shape.ShouldBe([1, 3, 3, 2, 3]);
        network.Encode(video, new TilingPlan(1), TestContext.Current.CancellationToken).ShouldBeNear(whole, 1e-4, $"seed {seed}");
        using var cache = new CausalCache();
        CompareAllChunks(cache, [], "");

        // Divisions with the same first chunks share the results of these chunks.
        void CompareAllChunks(CausalCache before, IReadOnlyList<Tensor> parts, string chunks)
        {
            long start = chunks.Sum(digit => digit - '0');
            if (start == 9) cat([.. parts], 2).ShouldBeNear(whole, 1e-4, $"seed {seed}, chunks {chunks}");
            for (int length = 1; start + length <= 9; length++)
            {
                using var after = before.Copy();
                CompareAllChunks(after, [.. parts, network.Encode(video.narrow(2, start, length), after)], $"{chunks}{length}");
            }
        }
    }

    [Fact]
    public void Decoding_in_any_chunks_equals_decoding_the_whole()
    {
        using var still = no_grad();
        var latent = random.Normal(1, 3, 5, 2, 3);
        var whole = network.Decode(latent);
        whole.shape.ShouldBe([1, 3, 17, 8, 12]);
        foreach (int[] chunks in Compositions(5))
        {
            using var cache = new CausalCache();
            long start = 0;
            List<Tensor> parts = [];
            foreach (int length in chunks)
            {
                parts.Add(network.Decode(latent.narrow(2, start, length), cache));
                start += length;
            }
            cat(parts, 2).ShouldBeNear(whole, 1e-4, $"seed {seed}, chunks {string.Join("+", chunks)}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void Decoded_chunks_follow_each_other_without_a_seam(int latentFrames)
    {
        using var still = no_grad();
        var latent = random.Normal(1, 3, 5, 3, 1);
        var chunks = network.DecodeChunks(latent, latentFrames, TestContext.Current.CancellationToken).ToList();
        chunks[0].shape[2].ShouldBe(Math.Min(17, latentFrames * 4 - 3));
        cat(chunks, 2).ShouldBeNear(network.Decode(latent), 1e-4, $"seed {seed}");
    }

    [Fact]
    public void A_picture_before_blank_frames_is_encoded_bit_for_bit_as_by_the_general_path()
    {
        using var still = no_grad();
        var picture = random.Picture(2, 3, 1, 16, 12);
        var video = cat([picture, zeros([2, 3, 80, 16, 12])], 2);
        network.EncodePictureThenBlank(picture, 81)
            .Equals(network.Encode(video, new TilingPlan(1), TestContext.Current.CancellationToken)).ShouldBeTrue($"seed {seed}");
        network.EncodePictureThenBlank(picture, 1).Equals(network.Encode(picture)).ShouldBeTrue($"seed {seed}");
        var whole = new TilingPlan(1);
        network.EncodeHeldPicture(picture, 81, whole, TestContext.Current.CancellationToken)
            .Equals(network.Encode(picture.expand(-1, -1, 81, -1, -1), whole, TestContext.Current.CancellationToken))
            .ShouldBeTrue($"seed {seed}");
    }

    [Fact]
    public void Layers_stop_once_they_have_seen_nothing_but_blank_frames()
    {
        using var still = no_grad();
        using var cache = new CausalCache();
        var stack = AutoencoderStacks.Encoder(new Weights(parameters, ScalarType.Float32, CPU)["encoder"], Tiny);
        using var repeating = new RepeatingStack(stack, cache);
        repeating.Forward(random.Picture(1, 3, 1, 8, 8));
        List<int> runs = [];
        for (int chunk = 0; chunk < 24; chunk++)
        {
            int before = repeating.Runs;
            repeating.Forward(zeros([1, 3, 4, 8, 8]));
            runs.Add(repeating.Runs - before);
        }
        runs[0].ShouldBe(stack.Layers.Count);
        runs.SequenceEqual(runs.OrderDescending()).ShouldBeTrue($"{string.Join(" ", runs)}");
        runs[^1].ShouldBe(0, $"{string.Join(" ", runs)}");
        repeating.Forward(random.Picture(1, 3, 4, 8, 8));
        repeating.Runs.ShouldBe(runs.Sum() + 2 * stack.Layers.Count, "a new picture starts all of them again");
    }

    [Fact]
    public void A_later_frame_changes_nothing_before_it()
    {
        using var still = no_grad();
        var one = random.Normal(1, 3, 9, 8, 8);
        var other = cat([one.narrow(2, 0, 5), random.Normal(1, 3, 4, 8, 8)], 2);
        network.Encode(other).narrow(2, 0, 2).ShouldBeNear(network.Encode(one).narrow(2, 0, 2), 1e-6, $"seed {seed}");
    }

    [Fact]
    public void A_batch_of_two_equals_two_alone_also_when_strided()
    {
        using var still = no_grad();
        var video = random.Normal(3, 8, 5, 2, 4).permute(3, 0, 2, 1, 4); // [2, 3, 5, 8, 4]
        video.is_contiguous().ShouldBeFalse();
        var together = network.Encode(video);
        var pixels = network.Decode(together);
        for (int i = 0; i < 2; i++)
        {
            var alone = network.Encode(video.narrow(0, i, 1).contiguous());
            together.narrow(0, i, 1).ShouldBeNear(alone, 1e-4, $"seed {seed}");
            pixels.narrow(0, i, 1).ShouldBeNear(network.Decode(alone), 1e-4, $"seed {seed}");
        }
    }

    [Fact]
    public void A_batch_goes_through_in_chunks_too()
    {
        using var still = no_grad();
        var video = random.Normal(2, 3, 9, 4, 4);
        Encoded(video, [3, 1, 5]).ShouldBeNear(network.Encode(video), 1e-4, $"seed {seed}");
    }

    [Fact]
    public void Both_ways_of_convolving_agree()
    {
        // 16 and 32 channels in float32 take different paths on a CPU; both are compared with float64.
        using var still = no_grad();
        foreach (int width in new[] { 16, 32 })
        {
            var config = Tiny with { Width = width };
            using var source = new RandomParameters(seed);
            using var narrow = new Widened(source);
            var video = random.Normal(1, 3, 5, 8, 8);
            var exact = new Network(new Weights(narrow, ScalarType.Float64, CPU), config);
            var quick = new Network(new Weights(source, ScalarType.Float32, CPU), config);
            quick.Encode(video).ShouldBeNear(exact.Encode(video), 1e-4, $"seed {seed}, width {width}");
            quick.Decode(quick.Encode(video)).ShouldBeNear(exact.Decode(exact.Encode(video)), 1e-4, $"seed {seed}, width {width}");
        }
    }

    [Fact]
    public void Bfloat16_stays_near_float32()
    {
        using var still = no_grad();
        using var source = new RandomParameters(seed);
        using var narrow = new Widened(source);
        var video = random.Picture(1, 3, 5, 16, 16);
        var exact = new Network(new Weights(source, ScalarType.Float32, CPU), Tiny with { Width = 32 });
        var quick = new Network(new Weights(narrow, ScalarType.BFloat16, CPU), Tiny with { Width = 32 });
        var latent = quick.Encode(video);
        latent.dtype.ShouldBe(ScalarType.BFloat16);
        latent.ShouldBeNear(exact.Encode(video), 0.05, $"seed {seed}");
    }

    [Fact]
    public void Every_parameter_learns_from_a_reconstruction_and_its_gradient_is_right()
    {
        var video = random.Normal(2, 3, 5, 8, 8);
        Tensor Loss() => network.Decode(network.Encode(video)).square().mean();
        Loss().backward();
        parameters.Trainable.Count().ShouldBeGreaterThan(10);
        foreach (var (key, value) in parameters.Trainable)
        {
            value.grad.ShouldNotBeNull(key);
            // the second half of the moments is the variance, which is not used
            if (!key.StartsWith("conv1.", StringComparison.Ordinal)) value.grad!.abs().max().item<float>().ShouldBeGreaterThan(0, key);
        }
        var kernel = parameters.Tensors["encoder.downsamples.1.time_conv.weight"];
        using var still = no_grad();
        var direction = random.Normal(kernel.shape);
        double slope = (kernel.grad! * direction).sum().item<float>();
        kernel.add_(direction * 1e-3);
        double above = Loss().item<float>();
        kernel.add_(direction * -2e-3);
        double below = Loss().item<float>();
        ((above - below) / 2e-3).ShouldBe(slope, Math.Abs(slope) * 0.03 + 1e-3, $"seed {seed}");
    }

    [Fact]
    public void Wrong_shapes_are_refused_with_the_expected_and_the_found_one()
    {
        Should.Throw<ArgumentException>(() => network.Encode(zeros([1, 3, 4, 8, 8]))).Message.ShouldContain("found 4");
        Should.Throw<ArgumentException>(() => network.Encode(zeros([1, 3, 5, 8, 7]))).Message.ShouldContain("divisible by 4");
        Should.Throw<ArgumentException>(() => network.Decode(zeros([1, 4, 1, 8, 8]))).Message.ShouldContain("[1, 4, 1, 8, 8]");
        using var shapes = new ShapeParameters();
        var weights = new Weights(shapes, ScalarType.Float32, META);
        Should.Throw<ArgumentException>(() => new Network(weights, Tiny with { LatentStd = [1] })).Message.ShouldContain("found 3 and 1");
        Should.Throw<ArgumentException>(
            () => new Network(weights, Tiny with { TemporalDownsample = [true] })).Message.ShouldContain("found 1");
    }

    [Fact]
    public void A_configuration_survives_json()
    {
        string json = JsonSerializer.Serialize(VideoAutoencoderConfig.Wan21);
        JsonSerializer.Serialize(JsonSerializer.Deserialize<VideoAutoencoderConfig>(json)).ShouldBe(json);
    }

    private Tensor Encoded(Tensor video, int[] chunks)
    {
        using var cache = new CausalCache();
        long start = 0;
        List<Tensor> parts = [];
        foreach (int length in chunks)
        {
            parts.Add(network.Encode(video.narrow(2, start, length), cache));
            start += length;
        }
        return cat(parts, 2);
    }

    /// <summary>Every way to write n as a sum.</summary>
    private static IEnumerable<int[]> Compositions(int n) =>
        n == 0 ? [[]] : Enumerable.Range(1, n).SelectMany(first => Compositions(n - first).Select(rest => (int[])[first, .. rest]));

    /// <summary>The parameters of a float32 source in another type.</summary>
    private sealed class Widened(IParameterSource source) : IParameterSource, IDisposable
    {
        private readonly List<Tensor> made = [];

        public bool Contains(string key) => source.Contains(key);

        public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
        {
            var tensor = source.Load(key, shape, initial, ScalarType.Float32, device).to(type).DetachFromDisposeScope();
            made.Add(tensor);
            return tensor;
        }

        public void Dispose()
        {
            foreach (var tensor in made) tensor.Dispose();
        }
    }
}
