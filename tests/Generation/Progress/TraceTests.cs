using System.Globalization;
using Locutor.Generation.Progress;

namespace Locutor.Generation.Tests.Progress;

/// <summary>
/// Estimates for recorded videos: <c>locutor generate --json</c> with the bundled model on a CPU with two cores, while other programs ran.
/// A file has the duration of each phase in seconds: the preparation, then for each clip its encoding, its steps and its decoding, then the
/// completion of the file.
/// </summary>
public sealed class TraceTests
{
    private const double Allowed = 0.2, LeastAllowed = 2; // seconds

    /// <summary>A video, the video that its device made before, and the clip from which the time left is right.</summary>
    public static TheoryData<string, string?, int> Videos => new()
    {
        { "plain-10", "plain-40", 2 }, { "plain-40", "plain-10", 2 }, { "plain-40", "busy-plain-10", 2 },
        { "busy-plain-10", "plain-40", 2 }, { "busy-plain-40", "plain-40", 2 }, { "plain-10", "busy-plain-40", 3 },
        // In a live video, the writers that start with each clip slow the second clip down. The machine's speed also changed then.
        { "live-20", "busy-live-40", 3 }, { "busy-live-40", "live-20", 3 },
        // The first video of a device knows only its first clip when the second one begins.
        { "plain-10", null, 2 }, { "plain-40", null, 3 }, { "live-20", null, 3 }, { "busy-plain-10", null, 3 },
        { "busy-plain-40", null, 4 }, { "busy-live-40", null, 3 },
    };

    /// <summary>Looks at the time left when a clip begins to be denoised, which the command prints.</summary>
    [Theory]
    [MemberData(nameof(Videos))]
    public void The_time_left_is_within_20_percent_and_the_bar_never_goes_back(string name, string? earlier, int from)
    {
        var looks = new Trace(name).Play(earlier is null ? null : new Trace(earlier).Learn());
        looks.Select(look => look.Fraction).ShouldBeInOrder();
        string[] wrong =
        [
            .. looks.Where(look => look.Stage == GenerationStage.Denoising && look.Clip >= from).DistinctBy(look => look.Clip)
                .Where(look => look.Left is not { TotalSeconds: var said }
                    || Math.Abs(said - look.True) > Math.Max(LeastAllowed, Allowed * look.True))
                .Select(look => $"clip {look.Clip}: {look.Left?.TotalSeconds:0.0} s instead of {look.True:0.0} s")
        ];
        wrong.ShouldBeEmpty();
    }

    /// <summary>A recorded video.</summary>
    private sealed class Trace
    {
        private const double Beat = 0.5;
        private readonly double prepare, finish;
        private readonly List<double[]> clips = [];

        public Trace(string name)
        {
            string path = Path.Combine(AppContext.BaseDirectory, "Progress", "traces", name + ".trace");
            foreach (string line in File.ReadLines(path))
            {
                string[] words = line.Split(' ');
                double[] seconds = [.. words.Skip(1).Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
                if (words[0] == "prepare") prepare = seconds[0];
                else if (words[0] == "clip") clips.Add(seconds);
                else finish = seconds[0];
            }
        }

        /// <summary>Returns the costs that a first video of this kind leaves.</summary>
        public WorkCosts Learn()
        {
            var estimate = new WorkEstimate(clips.Count, null);
            double end = Play(estimate)[^1].At;
            return estimate.Complete(TimeSpan.FromSeconds(end)).ShouldNotBeNull();
        }

        /// <summary>Plays the video, and looks at the estimate when a phase begins and twice a second.</summary>
        public List<(double At, double True, GenerationStage Stage, int Clip, double Fraction, TimeSpan? Left)> Play(WorkCosts? learned) =>
            Play(new WorkEstimate(clips.Count, learned));

        private List<(double At, double True, GenerationStage Stage, int Clip, double Fraction, TimeSpan? Left)> Play(WorkEstimate estimate)
        {
            double total = prepare + clips.Sum(clip => clip.Sum()) + finish, now = 0;
            var looks = new List<(double, double, GenerationStage, int, double, TimeSpan?)>();
            foreach (var (progress, seconds) in Phases())
            {
                estimate.Enter(progress, TimeSpan.FromSeconds(now));
                for (double at = now; at < now + seconds; at += Beat)
                {
                    var (fraction, left) = estimate.At(TimeSpan.FromSeconds(at));
                    looks.Add((at, total - at, progress.Stage, progress.Clip, fraction, left));
                }
                now += seconds;
            }
            looks.Add((now, 0, GenerationStage.Muxing, clips.Count, 1, TimeSpan.Zero));
            return looks;
        }

        private IEnumerable<(GenerationProgress Progress, double Seconds)> Phases()
        {
            int count = clips.Count, steps = clips[0].Length - 2;
            yield return (new(GenerationStage.Encoding, 0, 0, 0, steps), prepare);
            for (int clip = 1; clip <= count; clip++)
            {
                double[] seconds = clips[clip - 1];
                yield return (new(GenerationStage.Encoding, clip, count, 0, steps), seconds[0]);
                for (int step = 0; step < steps; step++)
                    yield return (new(GenerationStage.Denoising, clip, count, step, steps), seconds[1 + step]);
                yield return (new(GenerationStage.Decoding, clip, count, steps, steps), seconds[^1]);
            }
            yield return (new(GenerationStage.Muxing, count, count, steps, steps), finish);
        }
    }
}
