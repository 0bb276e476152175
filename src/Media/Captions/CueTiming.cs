namespace Locutor.Media.Captions;

/// <summary>
/// Places captions in time. If the start of each caption is known, the pauses of the speech give the ends. If only the sound is known, each
/// caption gets a share of the spoken time in proportion to the width of its text, and its start and end move to nearby pauses.
/// </summary>
public static class CueTiming
{
    /// <summary>A caption stays this long after its last word, if no other follows and the sound does not end.</summary>
    private const double Linger = 0.25;

    /// <summary>Largest distance that a border may move to a pause, as a ratio to the shorter of the two captions around it.</summary>
    private const double Reach = 0.5;

    /// <summary>Places captions whose words begin at known times.</summary>
    /// <param name="texts">The captions in order.</param>
    /// <param name="starts">Start of each caption on the time line of <paramref name="activity"/>, in ascending order.</param>
    /// <param name="activity">The parts of the sound that contain speech.</param>
    /// <param name="offset">Seconds to add to all times.</param>
    public static IReadOnlyList<Cue> Place(
        IReadOnlyList<string> texts, IReadOnlyList<double> starts, SpeechActivity activity, double offset)
    {
        var spoken = activity.Spoken;
        // A start within a pause belongs to the next spoken part.
        double[] heard = [.. starts.Select(start => spoken.Where(part => part.End > start).Select(part => Math.Max(start, part.Start))
            .FirstOrDefault(start))];
        var cues = new List<Cue>();
        for (int i = 0; i < texts.Count; i++)
        {
            double next = i + 1 < texts.Count ? heard[i + 1] : double.MaxValue;
            double end = spoken.Where(part => part.Start < next).Select(part => part.End).LastOrDefault(heard[i]);
            cues.Add(new Cue(offset + heard[i], offset + Math.Min(next, Lingering(end, activity)), texts[i]));
        }
        return cues;
    }

    /// <summary>Places captions within a part of a sound.</summary>
    /// <param name="texts">The captions in order; none is empty.</param>
    /// <param name="activity">The parts of the sound that contain speech.</param>
    /// <param name="offset">Seconds to add to the times of <paramref name="activity"/>.</param>
    /// <returns>One cue for each text. Empty if the sound has no speech.</returns>
    public static IReadOnlyList<Cue> Place(IReadOnlyList<string> texts, SpeechActivity activity, double offset = 0)
    {
        var spoken = activity.Spoken;
        double total = spoken.Sum(part => part.End - part.Start);
        if (texts.Count == 0 || total <= 0) return [];
        double[] weights = [.. texts.Select(text => (double)DisplayWidth.Compute(text) + 1)];
        double unit = total / weights.Sum();
        var cues = new List<Cue>();
        double start = spoken[0].Start, reached = 0, done = 0;
        for (int i = 0; i < texts.Count; i++)
        {
            done += weights[i] * unit;
            bool last = i == texts.Count - 1;
            double reach = last ? 0 : Reach * unit * Math.Min(weights[i], weights[i + 1]);
            var (end, next, at) = last ? (spoken[^1].End, spoken[^1].End, total) : Border(spoken, done, reach, reached);
            cues.Add(new Cue(offset + start, offset + Math.Min(last ? double.MaxValue : next, Lingering(end, activity)), texts[i]));
            (start, reached) = (next, at);
        }
        return cues;
    }

    /// <summary>Limits captions to the length of a video or a sound. One that begins later is left out.</summary>
    public static IReadOnlyList<Cue> Within(IReadOnlyList<Cue> cues, double seconds) =>
        [.. cues.Where(cue => cue.Start < seconds).Select(cue => cue with { End = Math.Min(cue.End, seconds) })];

    private static double Lingering(double end, SpeechActivity activity) => Math.Min(end + Linger, activity.Seconds);

    /// <summary>Finds the border nearest to a point of the spoken time.</summary>
    /// <returns>The end of the earlier caption, the start of the later one, and the border in spoken time.</returns>
    private static (double End, double Next, double At) Border(
        IReadOnlyList<(double Start, double End)> spoken, double wanted, double reach, double reached)
    {
        double before = 0, nearest = reach;
        (double, double, double)? silence = null, inside = null;
        for (int j = 0; j < spoken.Count; j++)
        {
            var (start, end) = spoken[j];
            double after = before + end - start;
            if (inside is null && wanted <= after) inside = (start + wanted - before, start + wanted - before, wanted);
            // A longer pause is more likely to separate two sentences.
            double distance = j + 1 < spoken.Count
                ? Math.Abs(after - wanted) - Math.Min(spoken[j + 1].Start - end, 0.6) / 2
                : double.MaxValue;
            if (distance < nearest && after > reached)
            {
                nearest = distance;
                silence = (end, spoken[j + 1].Start, after);
            }
            before = after;
        }
        return silence ?? inside ?? (spoken[^1].End, spoken[^1].End, before);
    }
}
