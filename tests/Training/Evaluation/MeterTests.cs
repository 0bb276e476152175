using Locutor.Training.Evaluation;
using Locutor.Training.Faces;
using Locutor.Training.Motion;
using Locutor.Training.Speech;

namespace Locutor.Training.Tests.Evaluation;

public sealed class MeterTests
{
    [Fact]
    public void Openings_are_read_from_pixels()
    {
        int seed = TestSeed.Value;
        var voice = SpeechPreparation.Make(0.2, seed, null, TestContext.Current.CancellationToken).Where(u => !u.ForEvaluation).ToArray();
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
                truth[f] = FaceRegions.Of(person, poses[f], 96, 96).Truth.Opening;
            }
            Statistics.Correlation(read, truth).ShouldBeGreaterThan(0.97, $"seed {seed + i}");
        }
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
