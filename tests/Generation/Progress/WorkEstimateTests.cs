using Locutor.Generation.Progress;

namespace Locutor.Generation.Tests.Progress;

/// <summary>The estimate of a video whose phases take known times, looked at twice a second.</summary>
public sealed class WorkEstimateTests
{
    private static readonly WorkCosts True = new(
        1.5, new ClipCosts(0.9, 0.5, 1.4), new ClipCosts(0.2, 0.6, 1.8), 0.4, 0.9, 0.4);

    [Fact]
    public void After_an_earlier_video_the_time_left_is_right_from_the_first_second()
    {
        foreach (var (at, total, _, left) in Run(new WorkEstimate(6, True), 6, 4, True)) Near(left, total - at, 0.02 * total);
    }

    [Theory]
    [InlineData(3.0)] // other programs use the processor
    [InlineData(0.4)]
    public void The_speed_of_another_machine_is_known_after_its_second_clip(double slower)
    {
        var slow = Scaled(slower);
        foreach (var (at, total, clip, left) in Run(new WorkEstimate(12, True), 12, 4, slow).Where(look => look.Clip >= 3))
            Near(left, total - at, Math.Max(0.2 * (total - at), 0.7 * slower), $"clip {clip}");
    }

    [Fact]
    public void A_video_of_a_busy_machine_is_forgotten_after_four_others()
    {
        var usual = True with { Clips = 20 };
        var costs = Scaled(10) with { Clips = 20 };
        for (int video = 0; video < 4; video++) costs = costs.MixedWith(usual);
        costs.Later.Clip(4).ShouldBe(usual.Later.Clip(4), 0.2 * usual.Later.Clip(4));
        costs.First.Clip(4).ShouldBe(usual.First.Clip(4), 0.2 * usual.First.Clip(4));
    }

    [Fact]
    public void The_first_video_of_a_device_is_estimated_by_its_first_clip_and_corrected_by_the_later_ones()
    {
        var looks = Run(new WorkEstimate(8, null), 8, 4, True);
        looks.Where(look => look.At < 3.3).ShouldAllBe(look => look.Left == null, "two steps of the first clip are needed");
        looks.Where(look => look.At > 3.5).ShouldAllBe(look => look.Left != null);
        foreach (var (at, total, clip, left) in looks.Where(look => look.Clip >= 2))
            Near(left, total - at, Math.Max((clip == 2 ? 0.35 : 0.2) * (total - at), 0.7), $"clip {clip}");
    }

    [Fact]
    public void A_video_that_an_earlier_attempt_began_starts_with_the_clips_that_are_done()
    {
        var estimate = new WorkEstimate(10, True);
        estimate.Enter(new(GenerationStage.Encoding, 0, 0, 0, 4), TimeSpan.Zero);
        estimate.Enter(new(GenerationStage.Encoding, 6, 10, 0, 4), TimeSpan.FromSeconds(1.5));
        var (fraction, left) = estimate.At(TimeSpan.FromSeconds(1.5));
        fraction.ShouldBe(0.5, 0.05);
        Near(left, True.First.Clip(4) + 4 * True.Later.Clip(4) + True.Start + True.Tail + True.Finish, 0.01);
    }

    [Fact]
    public void A_phase_that_takes_longer_than_expected_moves_on_and_never_back()
    {
        var estimate = new WorkEstimate(3, True);
        double before = 0;
        foreach (double at in new[] { 0.0, 1, 2, 20, 60 })
        {
            estimate.Enter(new(GenerationStage.Decoding, 1, 3, 4, 4), TimeSpan.Zero);
            var (fraction, left) = estimate.At(TimeSpan.FromSeconds(at));
            fraction.ShouldBeGreaterThanOrEqualTo(before);
            left.ShouldNotBeNull().ShouldBeGreaterThan(TimeSpan.Zero);
            before = fraction;
        }
        before.ShouldBeLessThan(1);
    }

    [Fact]
    public void The_measured_costs_of_a_video_are_expected_for_the_next_one()
    {
        var estimate = new WorkEstimate(5, null);
        double end = Run(estimate, 5, 3, True)[^1].Total;
        var costs = estimate.Complete(TimeSpan.FromSeconds(end)).ShouldNotBeNull();
        costs.Prepare.ShouldBe(True.Prepare, 0.01);
        foreach (var (found, known) in new[] { (costs.First, True.First), (costs.Later, True.Later) })
            new[] { found.Encode, found.Step, found.Decode }.ShouldBe([known.Encode, known.Step, known.Decode], 0.01);
        costs.Start.ShouldBe(True.Start, 0.01);
        costs.Tail.ShouldBe(True.Tail, 0.01);
        costs.Finish.ShouldBe(True.Finish, 0.01);
        estimate.At(TimeSpan.FromSeconds(end)).Fraction.ShouldBe(1);
    }

    [Fact]
    public void A_file_that_is_encoded_again_takes_longer_to_complete_the_more_clips_it_has()
    {
        const int Clips = 40;
        var estimate = new WorkEstimate(Clips, True, finishParts: Clips);
        estimate.Enter(new(GenerationStage.Muxing, Clips, Clips, 4, 4), TimeSpan.Zero);
        Near(estimate.At(TimeSpan.FromSeconds(1)).Left, Clips * True.Finish - 1, 0.01);
        estimate = new WorkEstimate(Clips, null, finishParts: Clips);
        double end = Run(estimate, Clips, 4, True)[^1].Total;
        estimate.Complete(TimeSpan.FromSeconds(end)).ShouldNotBeNull().Finish.ShouldBe(True.Finish / Clips, 0.01);
    }

    private static WorkCosts Scaled(double by) => new(
        True.Prepare * by, new(True.First.Encode * by, True.First.Step * by, True.First.Decode * by),
        new(True.Later.Encode * by, True.Later.Step * by, True.Later.Decode * by), True.Start * by, True.Tail * by,
        True.Finish * by);

    /// <summary>Plays a whole video and looks at the estimate twice a second; the bar never goes back.</summary>
    private static List<(double At, double Total, int Clip, TimeSpan? Left)> Run(
        WorkEstimate estimate, int clips, int steps, WorkCosts costs)
    {
        var phases = new List<(GenerationProgress Progress, double Seconds)>
        {
            (new(GenerationStage.Encoding, 0, 0, 0, steps), costs.Prepare)
        };
        for (int clip = 1; clip <= clips; clip++)
        {
            var cost = clip == 1 ? costs.First : costs.Later;
            phases.Add((new(GenerationStage.Encoding, clip, clips, 0, steps), cost.Encode));
            for (int step = 0; step < steps; step++) phases.Add((new(GenerationStage.Denoising, clip, clips, step, steps), cost.Step));
            double extra = clip == clips ? costs.Tail : clip == 2 ? costs.Start : 0;
            phases.Add((new(GenerationStage.Decoding, clip, clips, steps, steps), cost.Decode + extra));
        }
        phases.Add((new(GenerationStage.Muxing, clips, clips, steps, steps), costs.Finish));
        double total = phases.Sum(phase => phase.Seconds), now = 0, before = 0;
        var looks = new List<(double, double, int, TimeSpan?)>();
        foreach (var (progress, seconds) in phases)
        {
            estimate.Enter(progress, TimeSpan.FromSeconds(now));
            for (double at = now; at < now + seconds; at += 0.5)
            {
                var (fraction, left) = estimate.At(TimeSpan.FromSeconds(at));
                fraction.ShouldBeGreaterThanOrEqualTo(before, $"the bar goes back in {progress}");
                before = fraction;
                looks.Add((at, total, progress.Clip, left));
            }
            now += seconds;
        }
        return looks;
    }

    private static void Near(TimeSpan? left, double expected, double tolerance, string? where = null) =>
        left.ShouldNotBeNull().TotalSeconds.ShouldBe(expected, tolerance, where);
}
