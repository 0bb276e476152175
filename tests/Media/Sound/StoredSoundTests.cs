using Locutor.Media.Sound;

namespace Locutor.Media.Tests.Sound;

public sealed class StoredSoundTests
{
    [Fact]
    public void A_stored_sound_is_read_back_and_is_as_loud_as_the_sound_in_memory()
    {
        var random = TestSeed.NewRandom();
        var sound = new Waveform(
            16000,
            [.. Enumerable.Range(0, 16000 * 7 + 123).Select(n => (random.NextSingle() - 0.5f) * 0.3f * MathF.Abs(MathF.Sin(n / 9000f)))]);
        using var stored = StoredSound.From(sound);
        (stored.Samples, stored.SampleRate, stored.Seconds).ShouldBe((sound.Samples.LongLength, 16000, sound.Seconds));
        float[] part = new float[5001];
        stored.Read(70_000, part);
        part.ShouldBe(sound.Samples[70_000..75_001]);
        Loudness.Measure(stored).ShouldBe(Loudness.Measure(sound));
    }

    [Fact]
    public void Reading_past_the_end_is_an_error()
    {
        using var stored = StoredSound.From(new Waveform(16000, new float[100]));
        Should.Throw<EndOfStreamException>(() => stored.Read(50, new float[51]));
    }

    [Fact]
    public void The_file_has_no_name_so_a_killed_program_leaves_nothing()
    {
        using var stored = StoredSound.From(new Waveform(16000, new float[100]));
        string[] open =
        [
            .. Directory.EnumerateFileSystemEntries($"/proc/{Environment.ProcessId}/fd").Select(path => new FileInfo(path).LinkTarget)
                .OfType<string>().Where(target => target.Contains("/locutor-", StringComparison.Ordinal))
        ];
        open.ShouldNotBeEmpty();
        open.ShouldAllBe(target => target.EndsWith(" (deleted)", StringComparison.Ordinal));
    }
}
