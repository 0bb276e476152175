using Locutor.Generation.Sampling;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Sampling;

public class StepCacheTests
{
    /// <summary>Change is the relative change of the modulation itself.</summary>
    private static readonly TeaCacheOptions Options = new(0.25, [1, 0], AlwaysFirst: 2);

    [Fact]
    public void Steps_are_reused_until_the_summed_change_is_too_large_and_every_pass_has_its_own_residual()
    {
        using var scope = NewDisposeScope();
        using var cache = new TeaCache(Options);
        var reused = new List<bool>();
        for (int step = 0; step < 7; step++)
        {
            cache.Begin(step, zeros(1), ones([1, 6, 4]) * (float)Math.Pow(1.1, step));
            foreach (var pass in new[] { Pass.Conditional, Pass.AudioDropped })
            {
                var residual = cache.Residual(pass);
                if (pass == Pass.Conditional) reused.Add(residual.Reuse);
                residual.Place(new(0, 1));
                if (!residual.Reuse) residual.Part(0).Value = full([2], step + (pass == Pass.Conditional ? 0f : 100f));
            }
        }

        reused.ShouldBe([false, false, true, true, false, true, true]);
        cache.Skipped.ShouldBe(4);
        cache.Residual(Pass.Conditional).Part(0).Value[0].item<float>().ShouldBe(4);
        cache.Residual(Pass.AudioDropped).Part(0).Value[0].item<float>().ShouldBe(104);
    }

    [Fact]
    public void A_new_clip_starts_empty()
    {
        using var cache = new TeaCache(Options);
        cache.Residual(Pass.Conditional).IsEmpty.ShouldBeTrue();
        cache.Residual(Pass.Conditional).Reuse.ShouldBeFalse();
    }

    /// <summary>A velocity that moves as fast as the latent: k is 1, so the change of a step is its distance over the velocity.</summary>
    [Fact]
    public void EasyCache_computes_a_step_when_the_summed_expected_change_is_too_large()
    {
        using var scope = NewDisposeScope();
        using var cache = new EasyCacheOptions(0.1, AlwaysFirst: 2).Create();
        var ran = new List<int>();
        for (int step = 0; step < 8; step++)
        {
            var latent = full([4], step * 0.1f);
            cache.Begin(step, latent, zeros(1));
            foreach (var pass in new[] { Pass.Conditional, Pass.AudioDropped })
            {
                float offset = pass == Pass.Conditional ? 2 : 5;
                cache.Residual(pass).ShouldBeNull();
                var velocity = cache.Known(pass);
                if (velocity is null)
                {
                    if (pass == Pass.Conditional) ran.Add(step);
                    cache.Learn(pass, velocity = latent + offset);
                }

                velocity.ShouldBeNear(latent + offset, 1e-6, $"step {step}, {pass}: what the network adds to the latent is known");
            }
        }

        // 0.1 / 2.1 = 0.048 after step 1, and again: 0.095 < 0.1; the third makes 0.143. After step 4 0.1 / 2.4 = 0.042 each: two fit.
        ran.ShouldBe([0, 1, 4, 7]);
        cache.Skipped.ShouldBe(4);
    }
}
