using Locutor.Training.Evaluation;
using Locutor.Training.Faces;
using Locutor.Training.Motion;
using Locutor.Training.Speech;
using Locutor.Training.Tests.Faces;

namespace Locutor.Training.Tests.Evaluation;

public sealed class MeterTests
{
    [Fact]
    public void Openings_are_read_from_pixels()
    {
        int seed = TestSeed.Value;
        var spoken = SpeechPreparation.Make(0.2, seed, 0, 0, null, TestContext.Current.CancellationToken);
        var voice = spoken.Where(u => !u.ForEvaluation).ToArray();
        using var renderer = new FaceRenderer(96, 96);
        for (int i = 0; i < 3; i++)
        {
            var person = Person.Draw(seed + i);
            var meter = MouthMeter.For(person, default, renderer, seed);
            var speech = SpeechMix.Compose(voice, 75, new Random(seed + i));
            var poses = FaceMotion.Animate(speech, default, "neutral", 1, new Random(seed));
            byte[] frame = new byte[renderer.FrameBytes];
            double[] read = new double[poses.Length], truth = new double[poses.Length];
            for (int f = 0; f < poses.Length; f++)
            {
                renderer.Render(person, poses[f], frame);
                read[f] = meter.Read(frame);
                truth[f] = FaceRegions.Create(person, poses[f], 96, 96).Truth.Opening;
            }
            Statistics.Correlation(read, truth).ShouldBeGreaterThan(0.97, $"seed {seed + i}");
        }
    }

    [Fact]
    public void Lids_are_read_from_pixels()
    {
        int seed = TestSeed.Value;
        using var renderer = new FaceRenderer(128, 128);
        var person = new TalkingSubject(seed, 128, renderer);
        var meter = LidMeter.For(person, renderer);
        float[] lids = [0, 0.4f, 1, 0.4f, 0, 0, 0.9f, 0, 0.3f, 0];
        byte[][] frames = [.. lids.Select(blink => Paint(person.Held with { Blink = blink }))];
        meter.Read(frames[0]).ShouldBe(1, 1e-6);
        meter.Read(frames[2]).ShouldBe(0, 1e-6);
        meter.Read(frames[1]).ShouldBeInRange(0.1, 0.9);
        var (blinks, halves) = meter.Count(frames);
        blinks.Count.ShouldBe(2, $"seed {seed}");
        halves.ShouldBe(1, $"seed {seed}");
        blinks[0].ShouldBe(0, 1e-6);

        byte[] Paint(in FacePose pose) => FacePainting.Paint(renderer, person.Person, pose);
    }

    [Fact]
    public void The_shift_of_a_head_is_read_from_pixels()
    {
        int seed = TestSeed.Value;
        using var renderer = new FaceRenderer(256, 256);
        var person = Person.Draw(seed);
        byte[] still = FacePainting.Paint(renderer, person, default), moved = new byte[still.Length];
        for (int y = 0; y < 256; y++)
        {
            for (int x = 0; x < 256; x++)
            {
                for (int c = 0; c < 3; c++)
                    moved[3 * (y * 256 + x) + c] = still[3 * (Math.Clamp(y + 1, 0, 255) * 256 + Math.Clamp(x - 2, 0, 255)) + c];
            }
        }
        var regions = FaceRegions.Create(person, default, 256, 256);
        var shifts = HeadMeter.Read([still, moved], 256, regions.Face, [regions.Mouth, regions.LeftEye, regions.RightEye]);
        shifts[0].ShouldBe((0, 0));
        shifts[1].X.ShouldBe(2, 0.4, $"seed {seed}");
        shifts[1].Y.ShouldBe(-1, 0.4, $"seed {seed}");
    }

    [Fact]
    public void The_best_lag_is_found()
    {
        var random = new Random(5);
        double[] truth = [.. Enumerable.Range(0, 100).Select(_ => random.NextDouble())];
        double[] late = [0, 0, .. truth[..98]];
        var (correlation, lag) = Statistics.BestLag(late, truth, 4);
        lag.ShouldBe(2);
        correlation.ShouldBe(1, 1e-9);
    }
}
