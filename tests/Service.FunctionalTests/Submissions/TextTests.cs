using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Locutor.Jobs.Tokens;
using Locutor.Media.Captions;
using Locutor.Service.FunctionalTests.Harness;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Speech;
using Locutor.TextToSpeech.Engines;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>Jobs with a text in place of a sound, spoken by the programs of this machine or by a server.</summary>
public sealed class TextTests(SharedService shared) : IClassFixture<SharedService>
{
    private const string Nowhere = "http://127.0.0.1:9/nothing";
    private const string Words = "Good morning. This text was typed & is spoken, <b>not</b> read as code.";

    [Fact]
    public async Task A_text_becomes_the_voice_of_a_job_with_a_known_length()
    {
        var job = await SubmitAsync(shared.Client, new { text = Words, voice = "en-us" });
        Input(job, "audio").GetProperty("seconds").GetDouble().ShouldBeInRange(3, 10);
        job.GetProperty("voice").GetString().ShouldBe("en-us");
        job.TryGetProperty("text", out _).ShouldBeFalse("a long text would be in every event");
        (await TextAsync(Input(job, "text").GetProperty("href").GetString()!)).ShouldBe(Words);

        var ended = await shared.Client.EndAsync(job.GetProperty("id").GetString()!);
        ended.GetProperty("status").GetString().ShouldBe("succeeded", ended.ToString());
        var result = ended.GetProperty("result");
        result.GetProperty("seconds").GetDouble().ShouldBe(Input(job, "audio").GetProperty("seconds").GetDouble(), 0.1);
        var sound = await shared.Client.Http.GetAsync(result.GetProperty("sound").GetString());
        sound.Content.Headers.ContentType!.MediaType.ShouldBe("audio/wav");
        (await CommentAsync(await sound.Content.ReadAsByteArrayAsync()))
            .ShouldContain("Synthetic media (http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia)");
        string captions = result.GetProperty("captions").GetString()!;
        var cues = CaptionFile.FromWebVtt(await TextAsync(captions));
        cues.Select(cue => cue.Text).ShouldBe(["Good morning.", "This text was typed & is spoken, <b>not</b> read as code."]);
        cues[1].Start.ShouldBeGreaterThan(cues[0].Start + 0.5);
        (await TextAsync(captions + "?format=srt")).ShouldStartWith("1\n00:00:00,");
        (await shared.Client.Http.GetAsync(captions + "?format=doc")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_dialogue_gives_a_track_for_each_person()
    {
        var job = await SubmitAsync(
            shared.Client,
            new { text = "A: How are you?\nB: Very well, thank you.", boxes = new[] { new[] { 0, 0, 100, 173 }, [110, 0, 211, 173] } });
        double first = Input(job, "audio").GetProperty("seconds").GetDouble(),
            second = Input(job, "audio2").GetProperty("seconds").GetDouble();
        second.ShouldBe(first, 0.01);
        var ended = await shared.Client.EndAsync(job.GetProperty("id").GetString()!);
        ended.GetProperty("status").GetString().ShouldBe("succeeded", ended.ToString());
        Input(ended, "sound").GetProperty("seconds").GetDouble().ShouldBe(first, 0.01);
        (
            await shared.Client.Http.GetAsync(ended.GetProperty("result").GetProperty("sound").GetString() + "?download"))
            .Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
    }

    [Fact]
    public async Task A_job_with_a_sound_has_neither_spoken_sound_nor_captions()
    {
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await shared.Client.Http.GetAsync($"/v1/jobs/{id}/sound")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await shared.Client.Http.GetAsync($"/v1/jobs/{id}/captions")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await shared.Client.EndAsync(id)).GetProperty("result").TryGetProperty("sound", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("Hello.", "nobody", "voice", "expected one of ")]
    [InlineData("Hello.", "-w/tmp/x", "voice", "expected one of ")]
    [InlineData("<speak>Hello.</speak>", "en-us", "text", "found SSML")]
    [InlineData("Привет, мир.", null, "voice", "expected a voice for the script of this text")]
    public async Task A_text_that_cannot_be_spoken_is_refused_with_the_reason(string text, string? voice, string field, string reason)
    {
        using var response = await shared.Client.PostJsonAsync(
            "/v1/jobs", new { image = Samples.DataUrl(Samples.Picture, "image/png"), text, voice });
        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await TokenClient.ReadAsync(response)).GetProperty("errors").GetProperty(field)[0].GetString()!.ShouldContain(reason);
    }

    [Fact]
    public async Task A_refused_text_leaves_no_files()
    {
        await using var service = await LocalService.StartAsync("--set", "max_audio_seconds=3", "--set", "workers=none");
        using var client = service.CreateClient(TokenScopes.All);
        using var response = await client.PostJsonAsync(
            "/v1/jobs",
            new
            {
                image = Samples.DataUrl(Samples.Picture, "image/png"),
                text = string.Concat(Enumerable.Repeat("This is said again and again. ", 20)),
            });
        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await TokenClient.ReadAsync(response)).GetProperty("detail").GetString()
            .ShouldBe("text: expected at most 3 s of speech, found more");
        await service.EmptiesAsync("aside");
        Directory.EnumerateFileSystemEntries(Path.Combine(service.Data, "inputs")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_finished_video_is_converted_once_when_another_format_is_asked_for()
    {
        // A short video: each frame of a GIF has a palette of its own, which takes long.
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.Voice(0.4), ("format", "webm"));
        var result = (await shared.Client.EndAsync(id)).GetProperty("result");
        result.GetProperty("file_name").GetString()!.ShouldEndWith(".webm");
        foreach (string ofMp4 in new[] { "bytes", "sha256" })
            (result.TryGetProperty(ofMp4, out var told) && told.ValueKind is not JsonValueKind.Null).ShouldBeFalse(ofMp4);
        foreach (var (query, type, start) in new[]
        {
            ("?format=webm", "video/webm", "1A45DFA3"), ("?format=gif", "image/gif", "47494638"), ("?format=mov", "video/quicktime", ""),
            ("", "video/webm", "1A45DFA3"),
            ("?format=mp4", "video/mp4", ""),
        })
        {
            var (response, bytes) = await FetchAsync($"/v1/jobs/{id}/video{query}");
            response.Content.Headers.ContentType!.MediaType.ShouldBe(type);
            Convert.ToHexString(bytes).ShouldStartWith(start);
            (await shared.Client.Http.GetByteArrayAsync($"/v1/jobs/{id}/video{query}")).ShouldBe(bytes, "the file is kept");
            response.Headers.ETag.ShouldNotBeNull();
        }
        Directory.GetFiles(Path.Combine(shared.Service.Data, "results", id))
            .Count(file => file.EndsWith(".webm", StringComparison.Ordinal)).ShouldBe(1);
        using var wrong = await shared.Client.Http.GetAsync($"/v1/jobs/{id}/video?format=exe");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await shared.Client.Http.DeleteAsync($"/v1/jobs/{id}");
        Directory.Exists(Path.Combine(shared.Service.Data, "results", id)).ShouldBeFalse();
    }

    [Fact]
    public async Task Captions_need_words_and_a_transcript_needs_a_sound()
    {
        foreach (var (fields, field) in new (object, string)[]
        {
            (new { image = Nowhere, audio = Nowhere, captions = "burnt" }, "captions"),
            (new { image = Nowhere, text = "Hello.", transcript = "Hello." }, "transcript"),
            (new { image = Nowhere, text = "Hello.", captions = "embedded", format = "gif" }, "captions"),
            (new { image = Nowhere, text = "Hello.", fps = 24 }, "fps"),
        })
        {
            using var response = await shared.Client.PostJsonAsync("/v1/jobs", fields);
            response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
            (await TokenClient.ReadAsync(response)).GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldBe([field]);
        }
        using var accepted = await shared.Client.PostJsonAsync(
            "/v1/jobs", new { image = Nowhere, audio = Nowhere, fps = 50, captions = "vtt", transcript = "A: Hello." });
        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task The_voices_are_listed()
    {
        var voices = (await shared.Client.GetJsonAsync("/v1/voices")).GetProperty("voices").EnumerateArray().ToList();
        voices.Select(voice => voice.GetProperty("engine").GetString()).Distinct().ShouldBe(["flite", "espeak-ng"]);
        voices.Single(voice => voice.GetProperty("name").GetString() == "de").GetProperty("language").GetString().ShouldBe("de");
    }

    [Fact]
    public async Task A_server_speaks_where_one_is_configured()
    {
        using var speech = await SpeechServerProcess.StartAsync();
        await using var service = await LocalService.StartAsync(
            new Dictionary<string, string> { ["LOCUTOR_SPEECH_KEY"] = SpeechServerProcess.Key }, "--set", $"speech_url={speech.Address}",
            "--set", "stub_seconds=0.2");
        using var client = service.CreateClient(TokenScopes.All);
        (await client.GetJsonAsync("/v1/voices")).GetProperty("voices")[0].GetProperty("name").GetString().ShouldBe("alloy");
        var job = await SubmitAsync(client, new { text = Words });
        Input(job, "audio").GetProperty("seconds").GetDouble().ShouldBeInRange(3, 10);
        (await CommentAsync(await client.Http.GetByteArrayAsync($"/v1/jobs/{job.GetProperty("id").GetString()}/sound")))
            .ShouldContain("voice server:alloy");
    }

    /// <summary>
    /// The address behind a host name is checked, and an address allowed for the speech server is not allowed for inputs.
    /// </summary>
    [Theory]
    [InlineData("speech.example.org", "", "which is not a public address")]
    [InlineData("speech.example.org", "127.0.0.0/8", null)]
    [InlineData("127.0.0.1", "", null)]
    [InlineData("localhost", "", null)]
    public async Task A_speech_server_inside_needs_an_address_or_permission(string host, string allowed, string? refusal)
    {
        using var speech = await SpeechServerProcess.StartAsync();
        var settings = new ServeSettings { SpeechUrl = $"http://{host}:{speech.Address.Port}", SpeechKey = SpeechServerProcess.Key };
        settings = SettingsTable.Apply(settings, "speech_allow_addresses", allowed);
        new AddressGuard(settings).Allows(IPAddress.Loopback).ShouldBeFalse();
        var catalogue = SpeechVoices.Create(settings, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        var find = () => catalogue.FindAsync("alloy", "Hello.", CancellationToken.None);
        if (refusal is null)
            (await find()).Name.ShouldBe("alloy");
        else
            (await Should.ThrowAsync<SpeechException>(find)).Message.ShouldContain(refusal);
    }

    private static JsonElement Input(JsonElement job, string field) =>
        job.GetProperty("inputs").EnumerateArray().Single(input => input.GetProperty("field").GetString() == field);

    private static async Task<JsonElement> SubmitAsync(TokenClient client, object fields)
    {
        var body = JsonSerializer.SerializeToNode(fields)!.AsObject();
        body["image"] = Samples.DataUrl(Samples.Picture, "image/png");
        using var response = await client.PostJsonAsync("/v1/jobs", body.ToJsonString());
        var job = await TokenClient.ReadAsync(response);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, job.ToString());
        return job;
    }

    /// <summary>Fetches a file, again while it is being converted.</summary>
    private async Task<(HttpResponseMessage Response, byte[] Bytes)> FetchAsync(string path)
    {
        for (int attempt = 0; ; attempt++)
        {
            var response = await shared.Client.Http.GetAsync(path);
            if (response.StatusCode is not HttpStatusCode.Accepted || attempt == 10)
            {
                response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
                return (response, await response.Content.ReadAsByteArrayAsync());
            }
            response.Headers.RetryAfter.ShouldNotBeNull();
        }
    }

    private Task<string> TextAsync(string path) => shared.Client.Http.GetStringAsync(path);

    private static async Task<string> CommentAsync(byte[] sound)
    {
        using var probe = Process.Start(new ProcessStartInfo(
            "ffprobe", ["-v", "error", "-show_entries", "format_tags=comment", "-of", "csv=p=0", "-"])
        { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            await probe.StandardInput.BaseStream.WriteAsync(sound);
            probe.StandardInput.Close();
        }
        catch (IOException)
        {
            // ffprobe has read as much as it needs and has closed the pipe.
        }
        return await probe.StandardOutput.ReadToEndAsync();
    }
}
