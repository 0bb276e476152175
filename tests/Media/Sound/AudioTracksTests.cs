using Locutor.Media.Sound;

namespace Locutor.Media.Tests.Sound;

public sealed class AudioTracksTests
{
    private readonly float[] a = Noise(501), b = Noise(777);

    [Fact]
    public void Two_voices_from_the_start_are_padded_at_the_end()
    {
        using StoredSound first = StoredSound.From(new Waveform(16000, a)), second = StoredSound.From(new Waveform(16000, b));
        AudioTracks.SideBySide(first, second);
        ShouldHold(first, [.. a, .. new float[276]]);
        ShouldHold(second, b);
    }

    [Fact]
    public void The_second_voice_waits_for_the_end_of_the_first()
    {
        using StoredSound first = StoredSound.From(new Waveform(16000, a)), second = StoredSound.From(new Waveform(16000, b));
        AudioTracks.OneAfterTheOther(first, second);
        ShouldHold(first, [.. a, .. new float[777]]);
        ShouldHold(second, [.. new float[501], .. b]);
    }

    [Fact]
    public void Voices_of_different_sample_rates_are_refused()
    {
        using StoredSound first = StoredSound.From(new Waveform(16000, a)), second = StoredSound.From(new Waveform(44100, b));
        Should.Throw<ArgumentException>(() => AudioTracks.SideBySide(first, second)).Message.ShouldContain("44100");
    }

    /// <summary>Read at once, and in pieces that begin and end in silence, in the voice and between them.</summary>
    private static void ShouldHold(StoredSound sound, float[] expected)
    {
        sound.Samples.ShouldBe(expected.Length);
        sound.ToWaveform().Samples.ShouldBe(expected);
        foreach (int size in new[] { 1, 100, 250, 700 })
        {
            for (int position = 0; position < expected.Length; position += size)
            {
                float[] piece = new float[Math.Min(size, expected.Length - position)];
                Array.Fill(piece, float.NaN);
                sound.Read(position, piece);
                piece.ShouldBe(expected[position..(position + piece.Length)]);
            }
        }
    }

    private static float[] Noise(int samples)
    {
        var random = TestSeed.NewRandom();
        return [.. Enumerable.Range(0, samples).Select(_ => random.NextSingle() - 0.5f)];
    }
}
