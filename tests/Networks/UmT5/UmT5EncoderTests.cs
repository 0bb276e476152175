using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

public sealed class UmT5EncoderTests : IDisposable
{
    private static readonly UmT5Config Tiny = new(Vocabulary: 50, Width: 12, AttentionWidth: 20, FeedForward: 28, Heads: 4, Blocks: 2);

    private readonly long seed = TestSeed.Value;
    private readonly RandomParameters parameters;
    private readonly RandomInputs random;
    private readonly UmT5Encoder network;

    public UmT5EncoderTests()
    {
        random = new RandomInputs(seed);
        parameters = new RandomParameters(seed, trainable: true);
        network = new UmT5Encoder(new Weights(parameters, ScalarType.Float32, CPU), Tiny);
    }

    public void Dispose() => parameters.Dispose();

    [Fact]
    public void Padding_and_neighbours_in_the_batch_change_nothing()
    {
        using var still = no_grad();
        var ids = random.Integers(1, 50, 2, 19);
        var mask = ones([2, 19], ScalarType.Int64);
        mask[0, TensorIndex.Slice(7)] = 0;
        var together = network.Forward(ids, mask);
        var first = ids.narrow(0, 0, 1).narrow(1, 0, 7);
        together.narrow(0, 0, 1).narrow(1, 0, 7).ShouldBeNear(network.Forward(first, ones_like(first)), 1e-5, $"seed {seed}");
        var second = ids.narrow(0, 1, 1);
        together.narrow(0, 1, 1).ShouldBeNear(network.Forward(second, ones_like(second)), 1e-5, $"seed {seed}");
    }

    [Fact]
    public void Far_positions_share_buckets_as_T5_says()
    {
        // 32 buckets, 16 to each side: 0-7 exact, then 8 * log(d / 8) / log(16) more, 128 and beyond the last
        using var still = no_grad();
        var buckets = Locutor.Networks.UmT5.RelativePosition.Buckets(300, Tiny, CPU).view(300, 300);
        foreach (var (distance, bucket) in
                new[] { (0, 0), (7, 7), (8, 8), (11, 8), (12, 9), (16, 10), (32, 12), (64, 14), (90, 14), (91, 15), (128, 15), (299, 15) })
        {
            buckets[299, 299 - distance].item<long>().ShouldBe(bucket, $"{distance} before");
            if (distance > 0) buckets[0, distance].item<long>().ShouldBe(16 + bucket, $"{distance} after");
        }
    }

    [Fact]
    public void Every_parameter_learns()
    {
        var ids = random.Integers(1, 50, 2, 9);
        network.Forward(ids, ones_like(ids)).square().mean().backward();
        parameters.Trainable.Count().ShouldBeGreaterThan(10);
        foreach (var (key, value) in parameters.Trainable) value.grad!.abs().max().item<float>().ShouldBeGreaterThan(0, key);
    }

    /// <summary>
    /// T5 does not divide scores by the root of the width, so the softmax is nearly one-hot: with two almost equal scores, rounding decides
    /// the result. Therefore the median of nine inputs is compared.
    /// </summary>
    [Fact]
    public void Half_types_stay_near_float32()
    {
        using var still = no_grad();
        double[] distances = [.. Enumerable.Range(0, 9).Select(i => HalfAgainstFloat32(seed + i)).Order()];
        distances[4].ShouldBeLessThan(0.06, $"seed {seed}: {string.Join(", ", distances)}");
    }

    private static double HalfAgainstFloat32(long seed)
    {
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(seed);
        using var again = new RandomParameters(seed);
        var ids = new RandomInputs(seed).Integers(1, 50, 2, 9);
        var mask = ones_like(ids);
        mask[1, TensorIndex.Slice(5)] = 0;
        var half = new UmT5Encoder(new Weights(again, ScalarType.BFloat16, CPU), Tiny).Forward(ids, mask);
        half.dtype.ShouldBe(ScalarType.BFloat16);
        var whole = new UmT5Encoder(new Weights(parameters, ScalarType.Float32, CPU), Tiny).Forward(ids, mask);
        return TensorComparison.MaxError(half, whole);
    }

    [Fact]
    public void A_mask_of_another_shape_is_refused() =>
        Should.Throw<ArgumentException>(
            () => network.Forward(zeros([1, 4], ScalarType.Int64), zeros([1, 5], ScalarType.Int64))).Message.ShouldContain("[1, 5]");
}
