using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

/// <summary>Attention over keys that come in parts equals attention over all of them, computed plainly in float64.</summary>
public sealed class AttentionInPartsTests
{
    private readonly RandomInputs random = new(TestSeed.Value);

    [Theory]
    [InlineData(1, 1, 1, new[] { 1 })]
    [InlineData(3, 32, 17, new[] { 5, 1, 40, 3 })]
    [InlineData(4, 32, 700, new[] { 600, 600, 77 })]
    [InlineData(2, 20, 33, new[] { 64, 64 })]
    public void Parts_of_any_length_equal_the_whole(int heads, int size, int queries, int[] parts)
    {
        using var scope = NewDisposeScope();
        var q = Attention.SplitHeads(random.Normal(2, queries, heads * size), heads); // strided
        var k = Attention.SplitHeads(random.Normal(2, parts.Sum(), heads * size), heads);
        var v = Attention.SplitHeads(random.Normal(2, parts.Sum(), heads * size), heads);
        InParts(q, k, v, parts).ShouldBeNear(Plain(q, k, v), 1e-6, $"seed {TestSeed.Value}");
    }

    [Fact]
    public void Scores_far_apart_neither_overflow_nor_vanish()
    {
        using var scope = NewDisposeScope();
        var q = random.Normal(1, 2, 9, 16) * 60;
        var k = random.Normal(1, 2, 30, 16);
        var v = random.Normal(1, 2, 30, 16);
        InParts(q, k, v, [10, 10, 10]).ShouldBeNear(Plain(q, k, v), 1e-5, $"seed {TestSeed.Value}");
    }

    private static Tensor InParts(Tensor q, Tensor k, Tensor v, int[] parts)
    {
        using var still = no_grad();
        using var attention = new AttentionInParts(q);
        int start = 0;
        foreach (int count in parts)
        {
            attention.Add(k.narrow(2, start, count), v.narrow(2, start, count));
            start += count;
        }

        return attention.Result();
    }

    private static Tensor Plain(Tensor q, Tensor k, Tensor v)
    {
        var (a, b, c) = (q.to(ScalarType.Float64), k.to(ScalarType.Float64), v.to(ScalarType.Float64));
        return matmul((matmul(a, b.transpose(2, 3)) / Math.Sqrt(q.shape[3])).softmax(3), c).transpose(1, 2).flatten(2)
            .to(ScalarType.Float32);
    }
}
