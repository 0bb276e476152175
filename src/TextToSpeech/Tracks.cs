using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;

namespace Locutor.TextToSpeech;

/// <summary>The sound files of the people of a narration while they are written, and the captions of their words.</summary>
/// <param name="paths">The file of each person.</param>
/// <param name="labels">The label of each file.</param>
internal sealed class Tracks(IReadOnlyList<string> paths, IReadOnlyList<string> labels) : IDisposable
{
    /// <summary>Seconds of near silence that are kept around the words of a passage.</summary>
    private const double Margin = 0.03;

    private readonly WavWriter?[] writers = new WavWriter?[paths.Count];
    private readonly List<Cue> cues = [];

    /// <summary>
    /// The reason why captions inside a sentence are placed by their length although the engine can report word times; otherwise null.
    /// </summary>
    public string? Note { get; private set; }

    /// <summary>Returns the captions. Each ends when the next one starts.</summary>
    public IReadOnlyList<Cue> Cues => [.. cues.Select((cue, i) =>
        i + 1 < cues.Count ? cue with { End = Math.Min(cue.End, cues[i + 1].Start) } : cue)];

    /// <summary>Appends a passage to the track of a person.</summary>
    /// <param name="person">The person.</param>
    /// <param name="speech">The passage.</param>
    /// <param name="start">Seconds from the start of the narration.</param>
    /// <returns>The end of the passage in seconds; null if the passage is silent.</returns>
    public double? Append(int person, Speech speech, double start)
    {
        var activity = SpeechActivity.Measure(speech.Sound);
        if (activity.Spoken.Count == 0) return null;
        var (rate, samples) = (speech.Sound.SampleRate, speech.Sound.Samples);
        // Silence at both ends is cut, so that the pauses of all engines are the same.
        int first = (int)(Math.Max(0, activity.Spoken[0].Start - Margin) * rate);
        int last = (int)Math.Min(samples.Length, (activity.Spoken[^1].End + Margin) * rate);
        var track = writers[person] ??= new WavWriter(paths[person], rate, labels[person]);
        track.PadTo(start);
        // Silence follows each passage, so its captions may last longer than its sound.
        var unlimited = activity with { Seconds = double.PositiveInfinity };
        AddCues(speech, unlimited, (double)track.Samples / track.SampleRate - (double)first / rate);
        track.Append(samples.AsSpan(first..last));
        return (double)track.Samples / track.SampleRate;
    }

    /// <summary>Pads a track with silence.</summary>
    /// <returns>False if the person has no track.</returns>
    public bool PadTo(int person, double seconds)
    {
        writers[person]?.PadTo(seconds);
        return writers[person] is not null;
    }

    public void Dispose()
    {
        foreach (var writer in writers) writer?.Dispose();
    }

    private void AddCues(Speech speech, SpeechActivity activity, double offset)
    {
        var captions = CaptionText.Split(speech.Passage);
        double[]? starts = captions.Count > 1 ? speech.StartsOf(captions) : null;
        if (captions.Count > 1) Note ??= speech.Note;
        cues.AddRange(starts is null
            ? CueTiming.Place(captions, activity, offset)
            : CueTiming.Place(captions, starts, activity, offset));
    }
}
