using Locutor.Generation.Sampling;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Sampling;

public class StepCacheTests
{
    /// <summary>Change is the relative change of the modulation itself.</summary>
    private static readonly StepCacheOptions Options = new(0.25, [1, 0], AlwaysFirst: 2);

    [Fact]
    public void Steps_are_reused_until_the_change_adds_up_and_every_pass_has_a_residual_of_its_own()
    {
        using var scope = NewDisposeScope();
        using var cache = new StepCache(Options);
        var reused = new List<bool>();
        for (int step = 0; step < 7; step++)
        {
            cache.Begin(step, ones([1, 6, 4]) * (float)Math.Pow(1.1, step));
            foreach (var pass in new[] { Pass.Conditional, Pass.AudioDropped })
            {
                var residual = cache.For(pass);
                if (pass == Pass.Conditional) reused.Add(residual.Reuse);
                if (!residual.Reuse) residual.Value = full([2], step + (pass == Pass.Conditional ? 0f : 100f));
            }
        }

        reused.ShouldBe([false, false, true, true, false, true, true]);
        cache.Skipped.ShouldBe(4);
        cache.For(Pass.Conditional).Value[0].item<float>().ShouldBe(4);
        cache.For(Pass.AudioDropped).Value[0].item<float>().ShouldBe(104);
    }

    [Fact]
    public void A_new_clip_starts_empty()
    {
        using var cache = new StepCache(Options);
        cache.For(Pass.Conditional).IsEmpty.ShouldBeTrue();
        cache.For(Pass.Conditional).Reuse.ShouldBeFalse();
    }
}
