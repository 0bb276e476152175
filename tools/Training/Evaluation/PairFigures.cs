using Locutor.Generation;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>Measures a video of two people in one portrait, of whom one speaks and the other is silent.</summary>
internal static class PairFigures
{
    /// <summary>Generates two videos, so that each person speaks once and is silent once.</summary>
    /// <param name="people">The person on the left and the one on the right.</param>
    /// <param name="size">Height and width of each person's half in pixels.</param>
    public static async Task<EvaluationRow> RowAsync(
        NetworkSet networks, VideoSettings settings, TalkingSubject[] people, SpeechMix speech, FaceRenderer renderer, int size,
        CancellationToken cancellationToken)
    {
        byte[][] portraits = [.. people.Select(person => person.Portrait(renderer))];
        var pair = new Picture(2 * size, size, Join(portraits, size));
        double speaking = 0, silent = 0, closed = 0;
        for (int speaker = 0; speaker < 2; speaker++)
        {
            float[][] audio = [speech.Audio, new float[speech.Audio.Length]];
            if (speaker == 1) (audio[0], audio[1]) = (audio[1], audio[0]);
            Waveform[] voices = [.. audio.Select(samples => new Waveform(SpeechCorpus.SampleRate, samples))];
            using var video = ShownVideo.FromMemory(networks, settings with { Seed = 60 }, pair, voices);
            await foreach (var clip in video.ClipsAsync(cancellationToken: cancellationToken).ConfigureAwait(false))
            {
                foreach (byte[] frame in clip.Frames)
                {
                    speaking += Opening(people[speaker], Half(frame, speaker, size));
                    silent += Opening(people[1 - speaker], Half(frame, 1 - speaker, size));
                    closed += Opening(people[1 - speaker], portraits[1 - speaker]);
                }
            }
        }
        double share = silent / speaking;
        return new EvaluationRow(
            "two people, one silent: mean opening of the silent one's mouth against the speaker's", "under 5 %",
            FormattableString.Invariant($"{100 * share:F1} % (the portraits themselves {100 * closed / speaking:F1} %)"),
            share < 0.05, new Dictionary<string, double> { ["share"] = share });
    }

    private static double Opening(TalkingSubject person, byte[] frame) => Math.Max(0, person.Meter.Read(frame));

    private static byte[] Join(byte[][] halves, int size)
    {
        byte[] whole = new byte[2 * halves[0].Length];
        for (int row = 0; row < 2 * size; row++)
            halves[row % 2].AsSpan(3 * size * (row / 2), 3 * size).CopyTo(whole.AsSpan(3 * size * row));
        return whole;
    }

    private static byte[] Half(byte[] whole, int half, int size)
    {
        byte[] part = new byte[whole.Length / 2];
        for (int row = 0; row < size; row++)
            whole.AsSpan(3 * size * (2 * row + half), 3 * size).CopyTo(part.AsSpan(3 * size * row));
        return part;
    }
}
