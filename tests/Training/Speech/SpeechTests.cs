using Locutor.Checkpoints;
using Locutor.Training.Speech;

namespace Locutor.Training.Tests.Speech;

public sealed class SpeechTests
{
    private static readonly Lazy<IReadOnlyList<Utterance>> Made = new(() => SpeechPreparation.Make(0.5, 3));

    [Fact]
    public void The_error_of_the_coding_is_half_a_step_of_its_block()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        float[] samples =
        [
            .. Enumerable.Range(0, random.Next(3, 5000)).Select(
                i => (float)((random.NextDouble() - 0.5) * Math.Pow(10, -4 * Math.Abs(Math.Sin(i / 700.0)))))
        ];
        float[] decoded = BlockCoding.Decode(BlockCoding.Encode(samples), samples.Length);
        for (int i = 0; i < samples.Length; i++)
        {
            float peak = samples[(i / 32 * 32)..Math.Min(samples.Length, i / 32 * 32 + 32)].Max(Math.Abs);
            Math.Abs(decoded[i] - samples[i]).ShouldBeLessThan(peak * 1.1f / 30 + 2e-6f, $"seed {seed}, sample {i}");
        }
    }

    [Fact]
    public void Resampling_keeps_a_tone_and_removes_those_above_the_new_Nyquist_frequency()
    {
        float[] low = Tone(1000, 22050), high = Tone(9500, 22050);
        float[] kept = BandLimitedResampler.Resample(low, 22050, 16000), dropped = BandLimitedResampler.Resample(high, 22050, 16000);
        kept.Length.ShouldBe(16000);
        for (int i = 1000; i < 15000; i++) kept[i].ShouldBe((float)Math.Sin(2 * Math.PI * 1000 * i / 16000), 0.01f);
        dropped.Length.ShouldBe(16000);
        for (int i = 1000; i < 15000; i++) dropped[i].ShouldBe(0f, 0.05f);

        static float[] Tone(double frequency, int rate) =>
            [.. Enumerable.Range(0, rate).Select(i => (float)Math.Sin(2 * Math.PI * frequency * i / rate))];
    }

    [Fact]
    public void Lips_close_in_every_m_b_and_p_and_rest_in_pauses()
    {
        foreach (var utterance in Made.Value)
        {
            for (int i = 0; i < utterance.Phonemes.Count; i++)
            {
                var (name, start) = utterance.Phonemes[i];
                int end = i + 1 < utterance.Phonemes.Count ? utterance.Phonemes[i + 1].Start : utterance.Samples.Length;
                var middle = utterance.Mouth.At((start + end) / 2.0 / SpeechCorpus.SampleRate);
                if (name is "m" or "b" or "p") middle.LipPress.ShouldBeGreaterThan(0.9f, $"{name} at sample {start}");
                if (name.Length == 0 && end - start > 0.3 * SpeechCorpus.SampleRate)
                    middle.JawOpen.ShouldBeLessThan(0.03f, $"pause at sample {start}");
            }
            Enumerable.Range(0, utterance.Mouth.Length).Max(i => utterance.Mouth.At(i / 100.0).JawOpen).ShouldBeGreaterThan(0.2f);
        }
    }

    [Fact]
    public void Phoneme_times_agree_with_the_sound()
    {
        double voiced = 0, silent = 0;
        int voicedCount = 0, silentCount = 0;
        foreach (var utterance in Made.Value)
        {
            for (int i = 0; i + 1 < utterance.Phonemes.Count; i++)
            {
                int start = utterance.Phonemes[i].Start, end = utterance.Phonemes[i + 1].Start;
                if (end - start < 800) continue;
                double level = utterance.Samples[(start + 200)..(end - 200)].Average(s => (double)s * s);
                if ("aeiouɑɛɔæ".Contains(utterance.Phonemes[i].Name.FirstOrDefault('-')))
                    (voiced, voicedCount) = (voiced + level, voicedCount + 1);
                if (utterance.Phonemes[i].Name.Length == 0) (silent, silentCount) = (silent + level, silentCount + 1);
            }
        }

        voicedCount.ShouldBeGreaterThan(20);
        silentCount.ShouldBeGreaterThan(3);
        (silent / silentCount).ShouldBeLessThan(0.02 * voiced / voicedCount);
    }

    [Fact]
    public void Flite_tells_where_its_phonemes_are()
    {
        var spoken = Flite.Speak("My baby may be at home.", "slt", 180, 1);
        spoken.SampleRate.ShouldBe(16000);
        string names = string.Join(' ', spoken.Phonemes.Select(p => p.Name));
        names.ShouldStartWith(" m aɪ b eɪ b i m eɪ b i");
        int first = spoken.Phonemes[1].Start, vowel = spoken.Phonemes[2].Start, next = spoken.Phonemes[3].Start;
        double voiced = Level(spoken.Samples[vowel..next]);
        Level(spoken.Samples[..(first - 400)]).ShouldBeLessThan(0.05 * voiced, "the pause before the first word");
        Flite.Speak("My baby may be at home.", "slt", 180, 1.5).Samples.Length.ShouldBeInRange(
            (int)(1.3 * spoken.Samples.Length), (int)(1.7 * spoken.Samples.Length));
        Should.Throw<InvalidOperationException>(() => Flite.Phonemes("pau:0.1 xx:0.2", 16000)).Message.ShouldContain("xx:0.2");

        static double Level(float[] samples) => Math.Sqrt(samples.Average(s => (double)s * s));
    }

    [Fact]
    public void Flite_speaks_a_share_of_the_sentences_and_its_last_voice_only_in_the_evaluation()
    {
        var made = SpeechPreparation.Make(0.8, 5, 0, 0.5, null, TestContext.Current.CancellationToken);
        var flite = made.Where(u => u.Voice is >= 900 and < 1000).ToArray();
        flite.Length.ShouldBeInRange(made.Count / 5, made.Count * 4 / 5);
        flite.ShouldAllBe(u => u.ForEvaluation == (u.Voice >= 975));
        flite.ShouldContain(u => u.ForEvaluation);
    }

    [Fact]
    public void A_corpus_is_read_back_as_written_and_a_truncated_one_is_refused()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid() + ".bin");
        try
        {
            SpeechCorpus.Save(path, Made.Value);
            var read = SpeechCorpus.Load(path);
            var all = read.Training.Concat(read.Evaluation).ToArray();
            all.Length.ShouldBe(Made.Value.Count);
            read.Training.Select(u => u.Voice).Intersect(read.Evaluation.Select(u => u.Voice)).ShouldBeEmpty();
            for (int i = 0; i < all.Length; i++)
            {
                all[i].Phonemes.ShouldBe(Made.Value[i].Phonemes);
                double noise = all[i].Samples.Zip(Made.Value[i].Samples).Average(p => Math.Pow(p.First - p.Second, 2));
                noise.ShouldBeLessThan(0.004 * Made.Value[i].Samples.Average(s => (double)s * s));
            }
            byte[] bytes = File.ReadAllBytes(path);
            File.WriteAllBytes(path, bytes[..(bytes.Length - 1000)]);
            Should.Throw<CheckpointException>(() => SpeechCorpus.Load(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Invented_voices_speak_beside_the_installed_ones_and_only_in_the_training_part()
    {
        var invented = Speak(InventedVoices.Most);
        var spoken = invented.Where(u => u.Voice >= 1000).ToArray();
        spoken.Select(u => u.Voice).Distinct().Count().ShouldBeGreaterThan(3);
        spoken.ShouldAllBe(u => !u.ForEvaluation && u.Phonemes.Count > 3);
        invented.ShouldContain(u => u.Voice < 1000 && !u.ForEvaluation);
        // The evaluation part has the same voices and sentences. Its samples may differ, since some voices have noise.
        var plain = SpeechPreparation.MakeEvaluation(0.1, 3, TestContext.Current.CancellationToken);
        invented.Where(u => u.ForEvaluation).Select(Spoken).ShouldBe(plain.Select(Spoken));
        Should.Throw<ArgumentOutOfRangeException>(() => Speak(InventedVoices.Most + 1));

        static string Spoken(Utterance utterance) => $"{utterance.Voice}: {string.Join(' ', utterance.Phonemes.Select(p => p.Name))}";

        static IReadOnlyList<Utterance> Speak(int voices) =>
            SpeechPreparation.Make(1, 3, voices, 0, null, TestContext.Current.CancellationToken);
    }
}
