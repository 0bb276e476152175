namespace Locutor.Training.Speech;

/// <summary>Some seconds of speech as a microphone might record it, with the pose of the speaker's mouth in every video frame.</summary>
/// <param name="Audio">The samples at 16 kHz.</param>
/// <param name="Mouth">The poses of the mouth, 25 per second, each at the middle of its frame.</param>
/// <param name="Loudness">The loudness of each frame, 0 to about 1; 0 in silence.</param>
public sealed record SpeechMix(float[] Audio, MouthPose[] Mouth, float[] Loudness)
{
    public const int FrameRate = 25;

    /// <summary>The number of samples per video frame.</summary>
    public const int FrameSamples = SpeechCorpus.SampleRate / FrameRate;

    /// <summary>Mixes sentences of one voice with pauses between them and random changes of speed, pitch and loudness.</summary>
    /// <param name="voice">The utterances of one voice.</param>
    /// <param name="frames">The length of the result in video frames.</param>
    /// <param name="plain">Whether to keep speed, pitch and loudness and to use short equal pauses.</param>
    public static SpeechMix Compose(IReadOnlyList<Utterance> voice, int frames, Random random, bool plain = false)
    {
        float[] audio = new float[frames * FrameSamples], loudness = new float[frames];
        var mouth = new MouthPose[frames];
        double rate = plain ? 1 : Math.Exp(random.NextDouble() * 0.36 - 0.18);
        int next = random.Next(voice.Count);
        double begin = plain ? 0.2 : random.NextDouble() * 1.2 - 0.9, end = (double)frames / FrameRate;
        while (begin < end)
        {
            var utterance = voice[next++ % voice.Count];
            float gain = plain ? 1 : (float)Math.Pow(10, (random.NextDouble() * 10 - 6) / 20);
            Add(utterance, begin, rate, gain, audio, mouth);
            double pause = plain ? 0.35 : random.Next(4) == 0 ? random.NextDouble() * 1.4 : random.NextDouble() * 0.3;
            begin += utterance.Seconds / rate + pause;
        }
        for (int i = 0; i < frames; i++) loudness[i] = Math.Min(1.2f, 5 * Level(audio.AsSpan(i * FrameSamples, FrameSamples)));
        return new SpeechMix(audio, mouth, loudness);
    }

    /// <summary>Creates a mix without speech: exact zeros or the noise of a room.</summary>
    public static SpeechMix Silence(int frames, Random random)
    {
        float[] audio = new float[frames * FrameSamples];
        if (random.Next(3) != 0) RoomSound.AddNoise(audio, (float)Math.Pow(10, -1 - 3 * random.NextDouble()), random);
        return new SpeechMix(audio, new MouthPose[frames], new float[frames]);
    }

    private static void Add(Utterance utterance, double begin, double rate, float gain, float[] audio, MouthPose[] mouth)
    {
        float[] from = utterance.Samples;
        int first = Math.Max(0, (int)Math.Ceiling(begin * SpeechCorpus.SampleRate));
        int last = Math.Min(audio.Length - 1, (int)((begin + utterance.Seconds / rate) * SpeechCorpus.SampleRate));
        for (int i = first; i <= last; i++)
        {
            double position = (i - begin * SpeechCorpus.SampleRate) * rate;
            audio[i] += gain * Interpolate(from, position);
        }
        float jaw = MathF.Pow(gain, 0.35f);
        for (int f = 0; f < mouth.Length; f++)
        {
            double at = ((f + 0.5) / FrameRate - begin) * rate;
            if (at < -0.2 || at > utterance.Seconds + 0.2) continue;
            var pose = utterance.Mouth.At(at);
            if (pose == default) continue;
            mouth[f] = pose with { JawOpen = pose.JawOpen * jaw };
        }
    }

    /// <summary>Interpolates with a cubic through the four nearest samples (Catmull and Rom).</summary>
    private static float Interpolate(float[] samples, double position)
    {
        int i = (int)position;
        float t = (float)(position - i);
        float a = At(i - 1), b = At(i), c = At(i + 1), d = At(i + 2);
        return b + 0.5f * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));

        float At(int index) => (uint)index < samples.Length ? samples[index] : 0;
    }

    private static float Level(ReadOnlySpan<float> samples)
    {
        float sum = 0;
        foreach (float s in samples) sum += s * s;
        return MathF.Sqrt(sum / Math.Max(1, samples.Length));
    }
}
