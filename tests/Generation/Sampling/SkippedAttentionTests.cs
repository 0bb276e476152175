using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Generation.Sampling;
using Locutor.Kernels;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Sampling;

public class SkippedAttentionTests
{
    private static readonly SkippedAttentionOptions Options = new(0.3) { QueryTile = 8, KeyTile = 16 };

    [Fact]
    public void Every_pass_has_its_own_lists_which_are_recomputed_every_few_steps()
    {
        using var scope = NewDisposeScope();
        using var lists = SkippedAttention.Create(Options, 12, 2)!;
        var made = new List<(int Step, Pass Pass, int Block)>();
        // The second pass starts later and misses a step, as with guided steps and a step cache.
        for (int step = 0; step < 12; step++)
        {
            lists.Begin(step);
            foreach (var pass in step is 0 or 3 ? [Pass.Conditional] : new[] { Pass.Conditional, Pass.AudioDropped })
            {
                for (int block = 0; block < 2; block++)
                {
                    var tiles = lists.For(pass)[0][block];
                    if (tiles.Count() == (0, 0)) made.Add((step, pass, block));
                    var (q, k, v) = Heads(step);
                    PlainEightBitAttention.Apply(q, k, v, tiles);
                    tiles.Count().Skipped.ShouldBeGreaterThan(0);
                }
            }
        }

        made.ShouldBe([
            .. from step in new[] { 0, 1, 5, 6, 10, 11 }
               from block in new[] { 0, 1 }
               select (step, step % 5 == 0 ? Pass.Conditional : Pass.AudioDropped, block)]);
    }

    [Fact]
    public void A_clip_of_few_steps_has_no_lists()
    {
        SkippedAttention.Create(Options, 7, 2).ShouldBeNull();
        SkippedAttention.Create(null, 40, 2).ShouldBeNull();
        using var lists = SkippedAttention.Create(Options, 8, 2);
        lists.ShouldNotBeNull();
    }

    [Fact]
    public void A_video_that_cannot_skip_tiles_reports_the_reason()
    {
        using var parameters = new RandomParameters(1);
        using var transformer = new VideoTransformer(
            new Weights(parameters, ScalarType.Float32, CPU), new BundleBlueprint(UntrainedBundle.Bundle).Transformer);
        SkippedAttentionOptions.Refusal(4, 1, transformer, CPU, 20000).ShouldBe("it needs 8 steps or more, and this video has 4");
        SkippedAttentionOptions.Refusal(8, 2, transformer, CPU, 20000).ShouldBe("it needs a video with one voice");
        SkippedAttentionOptions.Refusal(8, 1, transformer, CPU, 20000)
            .ShouldBe("it needs self attention with 8-bit products, which this model, size or device does not have");
    }

    private static (Tensor Q, Tensor K, Tensor V) Heads(long seed)
    {
        using var generator = new Generator((ulong)(TestSeed.Value + seed), CPU);
        var places = linspace(0, 20, 100).view(1, 1, -1, 1) * randn([1, 2, 1, 8], generator: generator);
        var smooth = cat([places.cos(), places.sin()], -1) * 4;
        return (smooth, smooth, randn([1, 2, 100, 16], generator: generator));
    }
}
