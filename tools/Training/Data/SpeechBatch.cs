using Locutor.Training.Speech;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>A batch of sounds with the motion of the speaker's mouth.</summary>
/// <param name="Audio">The samples [B, samples] at 16 kHz, as the speech encoder expects them.</param>
/// <param name="Mouth">[B, frames, <see cref="Figures"/>]: the values of a <see cref="MouthPose"/>, then the loudness.</param>
internal sealed record SpeechBatch(Tensor Audio, Tensor Mouth) : IDisposable
{
    /// <summary>The number of values per frame.</summary>
    public const int Figures = MouthPose.Size + 1;

    private static readonly string[] Names = ["jaw", "width", "round", "press"];

    public static Utterance[][] ByVoice(IEnumerable<Utterance> utterances) =>
        [.. utterances.GroupBy(u => u.Voice).OrderBy(g => g.Key).Select(g => g.ToArray())];

    /// <summary>Creates a batch of random mixes.</summary>
    /// <param name="voices">The utterances of each voice.</param>
    /// <param name="count">The number of sounds.</param>
    /// <param name="frames">The number of video frames of each sound.</param>
    public static SpeechBatch Make(Random random, Utterance[][] voices, int count, int frames, Device device)
    {
        float[] audio = new float[count * frames * SpeechMix.FrameSamples], mouth = new float[count * frames * Figures];
        for (int b = 0; b < count; b++)
        {
            var mix = random.Next(12) == 0
                ? SpeechMix.Silence(frames, random)
                : SpeechMix.Compose(voices[random.Next(voices.Length)], frames, random);
            RoomSound.Apply(mix.Audio, random);
            RoomSound.Normalise(mix.Audio);
            float gain = (float)Math.Pow(10, (random.NextDouble() - 0.5) * 0.3);
            for (int i = 0; i < mix.Audio.Length; i++) audio[b * mix.Audio.Length + i] = gain * mix.Audio[i];
            for (int f = 0; f < frames; f++)
            {
                var to = mouth.AsSpan((b * frames + f) * Figures, Figures);
                mix.Mouth[f].Write(to);
                to[^1] = mix.Loudness[f];
            }
        }
        return new SpeechBatch(
            HostTensor.Create(audio, [count, audio.Length / count], device), HostTensor.Create(mouth, [count, frames, Figures], device));
    }

    /// <summary>Computes how well a prediction of the mouth, [B, frames, figures] on the host, follows the true motion.</summary>
    public IEnumerable<(string Name, double Correlation)> Correlations(Tensor predicted) => Names.Select((name, i) =>
    {
        using var scope = NewDisposeScope();
        var x = predicted.select(2, i).flatten();
        var y = Mouth.select(2, i).flatten().cpu();
        (x, y) = (x - x.mean(), y - y.mean());
        return (name, (double)((x * y).sum() / ((x * x).sum() * (y * y).sum()).sqrt().clamp_min(1e-9)).item<float>());
    });

    public void Dispose()
    {
        Audio.Dispose();
        Mouth.Dispose();
    }
}
