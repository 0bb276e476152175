using Locutor.Training.Speech;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>Sounds and what the speaker's mouth does in them.</summary>
/// <param name="Audio">[B, samples], 16 kHz, as the speech encoder gets it.</param>
/// <param name="Mouth">[B, frames, <see cref="Figures"/>]: the values of a <see cref="MouthPose"/>, then the loudness.</param>
internal sealed record SpeechBatch(Tensor Audio, Tensor Mouth) : IDisposable
{
    /// <summary>Values of a frame.</summary>
    public const int Figures = MouthPose.Size + 1;

    private static readonly string[] Names = ["jaw", "width", "round", "press"];

    public static Utterance[][] ByVoice(IEnumerable<Utterance> utterances) => [.. utterances.GroupBy(u => u.Voice).OrderBy(g => g.Key).Select(g => g.ToArray())];

    /// <param name="voices">Utterances of each voice.</param>
    /// <param name="count">Sounds.</param>
    /// <param name="frames">Video frames of each.</param>
    public static SpeechBatch Make(Random random, Utterance[][] voices, int count, int frames, Device device)
    {
        float[] audio = new float[count * frames * SpeechMix.FrameSamples], mouth = new float[count * frames * Figures];
        for (int b = 0; b < count; b++)
        {
            var mix = random.Next(12) == 0 ? SpeechMix.Silence(frames, random) : SpeechMix.Compose(voices[random.Next(voices.Length)], frames, random);
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
        return new SpeechBatch(HostTensor.Of(audio, [count, audio.Length / count], device), HostTensor.Of(mouth, [count, frames, Figures], device));
    }

    /// <summary>How well a reading of the mouth, [B, frames, figures] on the host, follows the truth.</summary>
    public IEnumerable<(string Name, double Correlation)> Correlations(Tensor said) => Names.Select((name, i) =>
    {
        using var scope = NewDisposeScope();
        var x = said.select(2, i).flatten();
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
