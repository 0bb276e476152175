using System.Diagnostics;
using Locutor.Media;
using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;
using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.TextToSpeech.Tests;

public sealed class NarratorTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-narration-");
    private readonly VoiceCatalogue catalogue = new([EspeakNg.Find()!, Flite.Find()!]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Every_caption_covers_the_words_that_are_spoken_then()
    {
        const string Text = "The first sentence is here. Is this the second one? Yes, Dr. Smith said: it is! And this one is the last.";
        var narration = await SpeakAsync(Text);
        narration.Cues.Select(cue => cue.Text).ShouldBe(
            ["The first sentence is here.", "Is this the second one?", "Yes, Dr. Smith said: it is!", "And this one is the last."]);
        // The pauses in the sound show where sentences end: a pause of 0.35 s follows every sentence, and all others are shorter.
        var sound = await AudioDecoder.DecodeAsync(narration.SoundPath, 16_000, MediaLimits.Default, Ct);
        var spoken = Joined(SpeechActivity.Measure(sound).Spoken, 0.3);
        spoken.Count.ShouldBe(4);
        for (int i = 0; i < 4; i++)
        {
            narration.Cues[i].Start.ShouldBe(spoken[i].Start, 0.05);
            narration.Cues[i].End.ShouldBeInRange(spoken[i].End - 0.05, i < 3 ? narration.Cues[i + 1].Start : narration.Seconds);
        }
        sound.Seconds.ShouldBe(narration.Seconds, 0.01);
    }

    /// <summary>Captions that begin after a comma: the sound shows where.</summary>
    [Theory]
    [InlineData("en-us")]
    [InlineData("en-gb+f2")]
    public async Task Captions_inside_a_long_sentence_begin_with_their_words(string voice)
    {
        const string Text =
            "When the first snow had fallen on the hills above the town, and the river was quiet, we walked along the railway to the " +
            "village, where my grandmother and her nine sisters had been born.";
        var narration = await SpeakAsync(Text, voice);
        narration.Note.ShouldBeNull();
        narration.Cues.Count.ShouldBeGreaterThan(1);
        narration.Cues.Skip(1).ShouldAllBe(cue => Text[Text.IndexOf(cue.Text, StringComparison.Ordinal) - 2] == ',');
        var sound = await AudioDecoder.DecodeAsync(narration.SoundPath, 22_050, MediaLimits.Default, Ct);
        var spoken = SpeechActivity.Measure(sound).Spoken;
        foreach (var cue in narration.Cues) spoken.Min(part => Math.Abs(part.Start - cue.Start)).ShouldBeLessThan(0.06, cue.Text);
    }

    [Theory]
    [InlineData(null, "does not ask espeak-ng")]
    [InlineData("/bin/false", "it ended with code 1")]
    [InlineData("/nowhere/locutor", "cannot be started")]
    public async Task Without_marks_captions_are_placed_by_length_and_a_note_gives_the_reason(string? process, string reason)
    {
        var narrator = new Narrator(new VoiceCatalogue([EspeakNg.Find(process is null ? null : [process])!]));
        var script = Script.Parse(
            "This sentence is so long that it cannot be one caption, since a caption has at most two lines of forty-two columns.");
        var voices = await narrator.VoicesAsync(script, null, null, Ct);
        var narration = await narrator.SpeakAsync(script, voices, folder.FullName, 60, Ct);
        narration.Cues.Count.ShouldBe(2);
        narration.Note.ShouldNotBeNull().ShouldStartWith("captions inside long sentences are placed by their length: ");
        narration.Note.ShouldContain(reason);
    }

    [Fact]
    public async Task Two_people_speak_in_turn_on_tracks_of_equal_length()
    {
        var narration = await SpeakAsync("A: Good morning to you.\nB: Good morning. How are you?\nA: Very well.", "en-us", "flite:slt");
        narration.Voices.Select(voice => voice.FullName).ShouldBe(["espeak-ng:en-us", "flite:slt"]);
        var tracks = new List<Waveform>();
        foreach (string path in narration.Paths.Append(narration.SoundPath))
            tracks.Add(await AudioDecoder.DecodeAsync(path, 16_000, MediaLimits.Default, Ct));
        tracks.ShouldAllBe(track => Math.Abs(track.Seconds - narration.Seconds) < 0.01);
        var first = Joined(SpeechActivity.Measure(tracks[0]).Spoken, 0.47);
        var second = Joined(SpeechActivity.Measure(tracks[1]).Spoken, 0.47);
        (first.Count, second.Count).ShouldBe((2, 1));
        second[0].Start.ShouldBeGreaterThan(first[0].End + 0.3);
        first[1].Start.ShouldBeGreaterThan(second[0].End + 0.3);
        SpeechActivity.Measure(tracks[2]).Spoken.Sum(part => part.End - part.Start).ShouldBe(
            SpeechActivity.Measure(tracks[0]).Spoken.Concat(SpeechActivity.Measure(tracks[1]).Spoken).Sum(part => part.End - part.Start),
            0.3);
        narration.Cues.Select(cue => cue.Text).ShouldBe(["Good morning to you.", "Good morning.", "How are you?", "Very well."]);
    }

    [Fact]
    public async Task The_files_are_labelled_as_synthetic()
    {
        var narration = await SpeakAsync("A: Hello.\nB: Hello yourself.");
        foreach (string path in narration.Paths.Append(narration.SoundPath))
        {
            using var probe = Process.Start(new ProcessStartInfo(
                "ffprobe",
                ["-v", "error", "-show_entries", "format_tags=comment", "-of", "csv=p=0", path])
            { RedirectStandardOutput = true })!;
            string comment = await probe.StandardOutput.ReadToEndAsync(Ct);
            comment.ShouldContain("Synthetic media (http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia)");
            comment.ShouldContain("espeak-ng:en-us");
        }
    }

    [Fact]
    public async Task A_text_is_spoken_no_further_than_allowed()
    {
        string text = string.Concat(Enumerable.Repeat("This takes a while. ", 100));
        var failure = await Should.ThrowAsync<SpeechException>(() => SpeakAsync(text, longest: 5));
        (failure.Fault, failure.Field).ShouldBe((SpeechFault.TooLong, "text"));
        new FileInfo(Path.Combine(folder.FullName, "voice1.wav")).Length.ShouldBeLessThan(10 * 2 * 22_050);
    }

    [Fact]
    public async Task A_word_without_an_end_is_spoken_in_parts()
    {
        string text = string.Concat(Enumerable.Repeat("blah", 500));
        Narrator.Passages(text, null).ShouldAllBe(passage => passage.Length <= 600);
        string.Concat(Narrator.Passages(text, null)).ShouldBe(text);
        (await SpeakAsync(text)).Cues.ShouldAllBe(cue => cue.Text.Length <= CaptionText.Longest);
    }

    [Theory]
    [InlineData("nobody", null, "voice")]
    [InlineData(null, "nobody", "voice2")]
    [InlineData("flite:en-us", null, "voice")]
    public async Task An_unknown_voice_is_refused_with_voices_that_exist(string? first, string? second, string field)
    {
        var failure = await Should.ThrowAsync<SpeechException>(() => SpeakAsync("A: Hello.\nB: Hello.", first, second));
        (failure.Fault, failure.Field).ShouldBe((SpeechFault.Voice, field));
        failure.Message.ShouldContain("expected one of ");
    }

    [Fact]
    public async Task The_default_voice_refuses_scripts_that_it_cannot_read()
    {
        (await Should.ThrowAsync<SpeechException>(() => SpeakAsync("Здравствуйте, как дела?"))).Field.ShouldBe("voice");
        (await SpeakAsync("Здравствуйте, как дела?", "ru")).Seconds.ShouldBeInRange(1, 5);
    }

    [Fact]
    public async Task A_text_that_a_voice_cannot_speak_is_refused() =>
        (await Should.ThrowAsync<SpeechException>(() => SpeakAsync("你好", "slt"))).Fault.ShouldBe(SpeechFault.Text);

    [Fact]
    public async Task A_machine_without_engines_says_what_to_install()
    {
        var failure = await Should.ThrowAsync<SpeechException>(
            () => new Narrator(new VoiceCatalogue([])).VoicesAsync(Script.Parse("Hello."), null, null, Ct));
        failure.Fault.ShouldBe(SpeechFault.NoEngine);
        failure.Message.ShouldContain("apt-get install espeak-ng");
    }

    private async Task<Narration> SpeakAsync(string text, string? first = null, string? second = null, double longest = 3600)
    {
        var script = Script.Parse(text);
        var narrator = new Narrator(catalogue);
        return await narrator.SpeakAsync(script, await narrator.VoicesAsync(script, first, second, Ct), folder.FullName, longest, Ct);
    }

    /// <summary>Joins parts with short pauses between them.</summary>
    private static List<(double Start, double End)> Joined(IReadOnlyList<(double Start, double End)> parts, double longestPause)
    {
        var joined = new List<(double Start, double End)>();
        foreach (var part in parts)
        {
            if (joined.Count > 0 && part.Start - joined[^1].End < longestPause) joined[^1] = (joined[^1].Start, part.End);
            else joined.Add(part);
        }
        return joined;
    }
}
