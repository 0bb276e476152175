using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;

namespace Locutor.TextToSpeech.Tests;

/// <summary>One process that speaks OpenAI's interface, for all tests of the class.</summary>
public sealed class RunningSpeechServer : IAsyncLifetime
{
    public SpeechServerProcess Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await SpeechServerProcess.StartAsync();

    public ValueTask DisposeAsync()
    {
        Server.Dispose();
        return ValueTask.CompletedTask;
    }
}

public sealed class SpeechServerTests(RunningSpeechServer running) : IClassFixture<RunningSpeechServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_list_of_the_server_is_offered()
    {
        using var server = Create();
        (await server.VoicesAsync(Ct)).Select(voice => voice.FullName).ShouldBe(["server:alloy", "server:nova", "server:hans"]);
        (await server.OtherAsync((await server.FindAsync("alloy", Ct))!, Ct)).Name.ShouldBe("nova");
        (await server.FindAsync("nobody", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task Configured_voices_replace_the_list()
    {
        using var server = Create(voices: "nova, hans");
        (await server.VoicesAsync(Ct)).Select(voice => voice.Name).ShouldBe(["nova", "hans"]);
    }

    [Fact]
    public async Task A_passage_becomes_sound()
    {
        using var server = Create();
        var sound = await server.SpeakAsync("Hello there, this comes from a server.", (await server.FindAsync("alloy", Ct))!, Ct);
        sound.SampleRate.ShouldBe(24_000);
        EngineTests.Spoken(sound).ShouldBeInRange(1, 5);
    }

    [Theory]
    [InlineData("unknown", 60, "answered 400")]
    [InlineData("moved", 60, "redirects are not followed")]
    [InlineData("mute", 60, "cannot be used as sound")]
    [InlineData("sleeping", 2, "no whole answer within 2 s")]
    public async Task A_fault_of_the_server_is_reported(string voice, double patience, string reason)
    {
        using var server = Create(voices: voice, patience: patience);
        var failure = await Should.ThrowAsync<SpeechException>(
            async () => await server.SpeakAsync("Hello.", (await server.VoicesAsync(Ct))[0], Ct));
        failure.Fault.ShouldBe(SpeechFault.EngineFailed);
        failure.Message.ShouldContain(reason);
        failure.Message.ShouldNotContain('\u001b');
    }

    [Fact]
    public async Task An_endless_answer_is_cut_off()
    {
        using var server = Create(voices: "endless", patience: 60);
        var failure = await Should.ThrowAsync<SpeechException>(
            async () => await server.SpeakAsync("Hello.", (await server.VoicesAsync(Ct))[0], Ct));
        failure.Message.ShouldContain("larger than 128 MiB");
    }

    [Fact]
    public async Task A_wrong_key_is_reported_and_the_request_is_not_repeated()
    {
        using var server = Create(key: "sk-wrong-0815", voices: "alloy");
        var failure = await Should.ThrowAsync<SpeechException>(
            async () => await server.SpeakAsync("Hello.", (await server.VoicesAsync(Ct))[0], Ct));
        failure.Message.ShouldContain("answered 401");
        failure.Message.ShouldContain("check speech_key");
        failure.Message.ShouldNotContain("sk-wrong-0815");
    }

    [Fact]
    public async Task An_unreachable_server_is_reported()
    {
        using var server = new SpeechServer(SpeechServerOptions.From("http://127.0.0.1:9", null, "alloy", null)!);
        (
            await Should.ThrowAsync<SpeechException>(async () => await server.SpeakAsync("Hello.", (await server.VoicesAsync(Ct))[0], Ct)))
            .Message.ShouldContain("127.0.0.1:9");
    }

    [Theory]
    [InlineData("ftp://example.org")]
    [InlineData("example.org")]
    [InlineData("http://user:secret@example.org")]
    public void An_address_that_is_no_server_is_refused(string address) =>
        Should.Throw<SpeechException>(() => SpeechServerOptions.From(address, null, null, null)).Message.ShouldContain("speech_url");

    [Fact]
    public async Task A_long_text_is_sent_in_parts_that_the_server_accepts()
    {
        using var server = Create();
        string text = string.Concat(Enumerable.Repeat("This is one of many sentences that follow each other. ", 90));
        text.Length.ShouldBeGreaterThan(4096);
        var folder = Directory.CreateTempSubdirectory("locutor-narration-");
        try
        {
            var narrator = new Narrator(new VoiceCatalogue([server]));
            var script = Script.Parse(text);
            var narration = await narrator.SpeakAsync(
                script, await narrator.VoicesAsync(script, null, null, Ct), folder.FullName, 3600, Ct);
            narration.Cues.Count.ShouldBe(90);
            using var sound = (await AudioDecoder.ReadAsync(narration.SoundPath, 16_000, Media.MediaLimits.Default, Ct)).Sound;
            sound.Seconds.ShouldBe(narration.Seconds, 0.01);
            narration.Cues[^1].End.ShouldBeInRange(sound.Seconds - 1, sound.Seconds);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private SpeechServer Create(string? key = SpeechServerProcess.Key, string? voices = null, double patience = 60) =>
        new(SpeechServerOptions.From(
            running.Server.Address.ToString(), null, voices, key)! with
        { Patience = TimeSpan.FromSeconds(patience) });
}
