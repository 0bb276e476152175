using Locutor.Media.Captions;

namespace Locutor.Generation.Parts;

/// <summary>
/// Divides a long video into parts of about equal length that can be generated at the same time. A part begins in a silence of the voices
/// and overlaps the preceding part by <see cref="SharedFrames"/>, over which the two parts are blended.
/// </summary>
public static class PartPlan
{
    /// <summary>Number of frames that two neighbouring parts have in common.</summary>
    public const int SharedFrames = 8;

    /// <summary>Shortest silence in seconds in which a part may begin; it is longer than the shared frames.</summary>
    public const double LeastSilence = 0.4;

    /// <summary>
    /// Smallest number of frames of a part. A shorter part would save little time, because each part has to prepare pictures and speech.
    /// </summary>
    public const int LeastFrames = 10 * FramesPerSecond;

    private const int FramesPerSecond = 25;

    /// <summary>Creates the plan.</summary>
    /// <param name="activity">The times at which somebody speaks.</param>
    /// <param name="frames">Number of frames of the video.</param>
    /// <param name="most">Largest number of parts.</param>
    /// <returns>The parts in order; fewer than <paramref name="most"/> if the silences do not allow more.</returns>
    public static IReadOnlyList<VideoPart> Create(SpeechActivity activity, int frames, int most)
    {
        int count = Math.Clamp(frames / LeastFrames, 1, most);
        int[] possible = [.. Silences(activity).Where(start => start >= LeastFrames && start <= frames - LeastFrames)];
        var starts = new List<int> { 0 };
        for (int i = 1; i < count; i++)
        {
            int ideal = (int)((long)frames * i / count), reach = frames / (2 * count);
            int[] near = [.. possible.Where(start => Math.Abs(start - ideal) <= reach && start - starts[^1] >= LeastFrames)];
            if (near.Length > 0) starts.Add(near.MinBy(start => Math.Abs(start - ideal)));
        }
        return [.. starts.Select((start, i) =>
            new VideoPart(start, (i + 1 < starts.Count ? starts[i + 1] + SharedFrames : frames) - start))];
    }

    /// <summary>Returns the frames at which a part can begin: the shared frames are in the middle of the silence.</summary>
    private static IEnumerable<int> Silences(SpeechActivity activity)
    {
        var spoken = activity.Spoken;
        for (int i = 1; i < spoken.Count; i++)
        {
            double from = spoken[i - 1].End, to = spoken[i].Start;
            if (to - from >= LeastSilence) yield return (int)Math.Round((from + to) / 2 * FramesPerSecond - SharedFrames / 2.0);
        }
    }
}
