using System.Diagnostics;
using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;
using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.TextToSpeech.Tests;

/// <summary>The times of words that espeak-ng's library gives, in a process of its own.</summary>
public sealed class EspeakMarksTests(ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Texts => new()
    {
        {
            "en-us", "When the first snow had fallen on the hills, and the river was quiet again, we walked along the old railway, " +
                "towards the village where my grandmother was born."
        },
        {
            "en-us+f3", "Dr. Smith paid $5.50 for 3 apples 😀, e.g. the red ones, and then, <b>without</b> a word, [[h@l0U]] left the " +
                "shop that he had owned for years."
        },
        {
            "de", "Nachdem der erste Schnee auf die Berge gefallen war, und der Fluss wieder still lag, gingen wir am 3. Mai 2024 an der " +
                "alten Eisenbahn entlang."
        },
        {
            "fr-fr", "Quand la première neige est tombée sur les collines, nous avons marché, sans un mot, le long de la vieille voie " +
                "ferrée vers le village."
        },
        {
            "ru", "Когда первый снег упал на холмы, и река снова стала тихой, мы пошли вдоль старой железной дороги, к деревне моей " +
                "бабушки."
        },
        { "cmn", "昨天下午我们沿着旧铁路走到了奶奶出生的村子，天气很好，河水很安静，大家都很高兴，晚上我们一起吃饭，聊了很多过去的事情，很晚才回家。" },
    };

    /// <summary>After a comma the sound itself shows where the next word begins: with the end of a pause.</summary>
    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Words_after_a_pause_begin_where_the_sound_begins(string voice, string text)
    {
        var speech = await SpeakAsync(voice, text);
        speech.Marks.Count.ShouldBeGreaterThan(10);
        speech.Marks.Select(mark => mark.Seconds).ShouldBeInOrder();
        speech.Marks[^1].Seconds.ShouldBeLessThan(speech.Sound.Seconds);
        double[] starts = SpeechActivity.Measure(speech.Sound).Spoken.Select(part => part.Start).ToArray();
        int[] afterComma =
            [.. Enumerable.Range(1, text.Length - 1).Where(i => text[i - 1] is ',' or '，').Select(i => text[i] == ' ' ? i + 1 : i)];
        int seen = 0;
        foreach (var mark in speech.Marks.Where(mark => afterComma.Contains(mark.Index)))
        {
            double error = starts.Min(start => Math.Abs(start - mark.Seconds));
            output.WriteLine($"{voice} {mark.Index} {mark.Seconds:0.000} s, {error:0.000} s from the sound");
            double.IsFinite(error).ShouldBeTrue($"{mark}");
            error.ShouldBeLessThan(0.1, $"{mark}");
            seen++;
        }
        seen.ShouldBeGreaterThan(1);
    }

    [Theory]
    [InlineData("en-us")]
    [InlineData("en-gb")] // chosen by its language
    [InlineData("cmn")]
    [InlineData("fr-be")]
    [InlineData("ar")]
    public async Task The_library_speaks_as_the_program_does(string voice)
    {
        const string Text = "One 2 three: 'quoted', A.B.C. and <speak>tags</speak> &amp; \u00e9\u00e8 😀 \u4f60\u597d!";
        var speech = await SpeakAsync(voice, Text);
        var engine = EspeakNg.Find()!;
        var program = await engine.SpeakAsync(Text, (await engine.FindAsync(voice, Ct))!, Ct);
        speech.Sound.SampleRate.ShouldBe(program.SampleRate);
        speech.Sound.Samples.SequenceEqual(program.Samples).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Captions_inside_a_sentence_begin_at_a_word(string voice, string text)
    {
        var speech = await SpeakAsync(voice, text);
        var captions = CaptionText.Split(text);
        captions.Count.ShouldBeGreaterThan(1);
        double[] starts = speech.StartsOf(captions).ShouldNotBeNull();
        starts.ShouldBeInOrder();
        foreach (double start in starts) speech.Marks.Select(mark => mark.Seconds).ShouldContain(start);
        for (int i = 1, at = 0; i < captions.Count; i++)
        {
            at = text.IndexOf(captions[i], at, StringComparison.Ordinal);
            var mark = speech.Marks.First(mark => mark.Seconds == starts[i]);
            mark.Index.ShouldBeInRange(at, at + 3);
        }
    }

    [Fact]
    public void A_caption_that_begins_inside_a_word_has_no_mark()
    {
        string text = string.Concat(Enumerable.Repeat("blah", 30)) + " end";
        var speech = new Speech(text, new Waveform(16_000, new float[16_000]), [new(0, 0), new(121, 0.9)]);
        speech.StartsOf(CaptionText.Split(text)).ShouldBeNull();
    }

    [Fact]
    public async Task A_killed_speech_process_is_a_failure_and_does_not_end_the_program()
    {
        var voice = new Voice("espeak-ng", "en-us", "en-us", "");
        await using var session = await EspeakSession.StartAsync(EspeakProcess.Command!, voice, Ct);
        (await session.SpeakAsync("Hello.", Ct)).Marks.Count.ShouldBe(1);
        using (var process = Process.GetProcessById(session.ProcessId)) process.Kill();
        var failure = await Should.ThrowAsync<SpeechException>(() => session.SpeakAsync("Hello again.", Ct));
        string program = Path.GetFileName(EspeakProcess.Command![0]);
        (failure.Fault, failure.Message).ShouldBe((
            SpeechFault.EngineFailed,
            $"espeak-ng:en-us: it ended with code 137: {program} was killed by signal 9, perhaps for lack of memory"));
    }

    [Fact]
    public async Task A_text_that_the_process_refuses_is_a_failure()
    {
        var voice = new Voice("espeak-ng", "en-us", "en-us", "");
        await using var session = await EspeakSession.StartAsync(EspeakProcess.Command!, voice, Ct);
        var failure = await Should.ThrowAsync<SpeechException>(() => session.SpeakAsync(new string('a', 70_000), Ct));
        failure.Message.ShouldBe("espeak-ng:en-us: it ended with code 1: expected a text of at most 65536 bytes, found 70000");
    }

    [Fact]
    public async Task A_voice_that_the_library_does_not_have_is_a_failure_before_anything_is_spoken()
    {
        var failure = await Should.ThrowAsync<SpeechException>(
            () => EspeakSession.StartAsync(EspeakProcess.Command!, new Voice("espeak-ng", "nobody", "", ""), Ct));
        failure.Message.ShouldContain("libespeak-ng.so.1 has no voice nobody");
    }

    [Fact]
    public async Task A_text_is_no_markup_and_names_no_phonemes()
    {
        var speech = await SpeakAsync("en-us", "<speak>hello</speak> [[h@l0U]]");
        speech.Marks.Count.ShouldBeGreaterThan(3);
        // As phonemes the second half would be as long as one word.
        speech.Sound.Seconds.ShouldBeGreaterThan(2);
    }

    private static async Task<Speech> SpeakAsync(string name, string text)
    {
        var engine = EspeakNg.Find()!;
        var voice = (await engine.FindAsync(name, Ct)).ShouldNotBeNull();
        await using var session = await EspeakSession.StartAsync(EspeakProcess.Command!, voice, Ct);
        return await session.SpeakAsync(text, Ct);
    }
}
