using Locutor.Media.Captions;
using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;
using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.TextToSpeech.Tests;

/// <summary>The programs espeak-ng and flite as they are installed.</summary>
public sealed class EngineTests
{
    public static TheoryData<string> Names => ["espeak-ng", "flite"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_sentence_becomes_speech_of_a_plausible_length(string name)
    {
        var engine = EngineOf(name);
        var voice = (await engine.VoicesAsync(Ct))[0];
        var shorter = await engine.SpeakAsync("Hello.", voice, Ct);
        var longer = await engine.SpeakAsync("Hello, this sentence has a good many more words than the other one.", voice, Ct);
        Spoken(shorter).ShouldBeInRange(0.2, 1.5);
        Spoken(longer).ShouldBeInRange(2 * Spoken(shorter), 8);
        longer.Samples.Max(Math.Abs).ShouldBeInRange(0.1f, 1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_second_person_gets_another_voice(string name)
    {
        var engine = EngineOf(name);
        var voice = (await engine.VoicesAsync(Ct))[0];
        var other = await engine.OtherAsync(voice, Ct);
        other.Name.ShouldNotBe(voice.Name);
        (await engine.SpeakAsync("Hello.", other, Ct)).Samples.ShouldNotBe((await engine.SpeakAsync("Hello.", voice, Ct)).Samples);
    }

    /// <summary>
    /// Options, files, shell commands and markup in a text are spoken and have no effect: no command runs, no voice or file is selected.
    /// </summary>
    [Theory]
    [InlineData("espeak-ng", "-v")]
    [InlineData("flite", "-v")]
    [InlineData("espeak-ng", "--stdout -w /tmp/locutor-injected.wav")]
    [InlineData("flite", "-o /tmp/locutor-injected.wav")]
    [InlineData("espeak-ng", "$(touch /tmp/locutor-injected.wav)")]
    [InlineData("flite", "`touch /tmp/locutor-injected.wav`; touch /tmp/locutor-injected.wav")]
    public async Task A_text_is_neither_an_option_nor_a_command(string name, string text)
    {
        var engine = EngineOf(name);
        var sound = await engine.SpeakAsync(text, (await engine.VoicesAsync(Ct))[0], Ct);
        Spoken(sound).ShouldBeGreaterThan(0.1);
        File.Exists("/tmp/locutor-injected.wav").ShouldBeFalse();
    }

    [Fact]
    public async Task Brackets_name_no_phonemes()
    {
        var engine = EngineOf("espeak-ng");
        var voice = (await engine.VoicesAsync(Ct))[0];
        // As phonemes this would be the word "hello"; as text it is spelled.
        Spoken(await engine.SpeakAsync("[[h@l0U]]", voice, Ct))
            .ShouldBeGreaterThan(1.5 * Spoken(await engine.SpeakAsync("hello", voice, Ct)));
    }

    [Fact]
    public async Task Espeak_has_many_languages_and_variants()
    {
        var engine = EngineOf("espeak-ng");
        var voices = await engine.VoicesAsync(Ct);
        voices[0].Name.ShouldBe("en-us");
        voices.Count.ShouldBeGreaterThan(100);
        voices.Select(voice => voice.Name).ShouldBeUnique();
        voices.Select(voice => voice.Name).ShouldContain("de");
        (await engine.FindAsync("de+f3", Ct)).ShouldNotBeNull().Language.ShouldBe("de");
        (await engine.FindAsync("de+nobody", Ct)).ShouldBeNull();
        (await engine.FindAsync("--help", Ct)).ShouldBeNull();
        (await engine.FindAsync("../../etc/passwd", Ct)).ShouldBeNull();
        Spoken(await engine.SpeakAsync("Guten Tag, wie geht es Ihnen?", (await engine.FindAsync("de", Ct))!, Ct)).ShouldBeInRange(0.8, 4);
        Spoken(await engine.SpeakAsync("你好，很高兴认识你。", (await engine.FindAsync("cmn", Ct))!, Ct)).ShouldBeInRange(0.8, 5);
    }

    [Fact]
    public async Task A_cancelled_engine_throws_the_cancellation()
    {
        var engine = EngineOf("espeak-ng");
        var voice = (await engine.VoicesAsync(Ct))[0];
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => engine.SpeakAsync("Hello.", voice, stop.Token));
    }

    internal static double Spoken(Waveform sound) => SpeechActivity.Measure(sound).Spoken.Sum(part => part.End - part.Start);

    private static ISpeechEngine EngineOf(string name) => name == "flite" ? Flite.Find()! : EspeakNg.Find()!;
}
