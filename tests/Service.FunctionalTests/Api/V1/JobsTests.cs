using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.V1;

public sealed partial class JobsTests(SharedService shared) : IClassFixture<SharedService>
{
    private TokenClient Client => shared.Client;

    [Fact]
    public async Task A_form_with_every_field_becomes_a_video_with_those_settings()
    {
        using var response = await Client.UploadAsync(
            Samples.Picture, Samples.VoiceOfASecond, ("prompt", "A woman sings"), ("negative_prompt", "blur"), ("size", "480p"),
            ("steps", "6"), ("shift", "2.5"),
            ("text_guidance", "1"), ("audio_guidance", "2"), ("motion_frames", "9"), ("seed", "123456789"), ("colour_correction", "0.5"),
            ("guided_steps", "2"), ("projected_guidance", "true"), ("step_cache", "easycache:0.05"), ("skipped_attention", "0.05"),
            ("head_motion", "0.5"),
            ("metadata", """{"order":"7"}"""));
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var job = await TokenClient.ReadAsync(response);
        string id = job.GetProperty("id").GetString()!;
        response.Headers.Location!.ToString().ShouldBe($"/v1/jobs/{id}");
        response.Headers.RetryAfter.ShouldNotBeNull();
        var done = await Client.EndAsync(id);
        done.GetProperty("status").GetString().ShouldBe("succeeded");
        done.GetProperty("seed").GetInt64().ShouldBe(123456789);
        done.GetProperty("metadata").GetProperty("order").GetString().ShouldBe("7");
        done.GetProperty("steps").GetInt32().ShouldBe(6);
        done.GetProperty("guided_steps").GetInt32().ShouldBe(2);
        done.GetProperty("projected_guidance").GetBoolean().ShouldBeTrue();
        done.GetProperty("step_cache").GetString().ShouldBe("easycache:0.05");
        done.GetProperty("skipped_attention").GetDouble().ShouldBe(0.05);
        done.GetProperty("head_motion").GetDouble().ShouldBe(0.5);
        done.GetProperty("model").GetString().ShouldBe("stub", "what was left open is told");
        done.GetProperty("result").GetProperty("seconds").GetDouble().ShouldBe(1.3, 0.05);
        (
            await Client.Http.GetAsync(done.GetProperty("result").GetProperty("thumbnail").GetString()))
            .Content.Headers.ContentType!.MediaType.ShouldBe("image/jpeg");
        (await (await Client.Http.GetAsync($"/v1/jobs/{id}/inputs/image")).Content.ReadAsByteArrayAsync()).ShouldBe(Samples.Picture);
    }

    [Fact]
    public async Task URLs_are_fetched_after_the_job_is_accepted()
    {
        await using var server = LoopbackServer.Start("127.0.0.2", async (request, stream, cancellationToken) =>
        {
            await Task.Delay(400, cancellationToken);
            await LoopbackServer.AnswerAsync(
                stream, "200 OK", "", request.Path == "/p" ? Samples.Picture : Samples.VoiceOfASecond, cancellationToken);
        });
        using var response = await Client.PostJsonAsync("/v1/jobs", new { image = $"{server.Url}/p", audio = $"{server.Url}/v" });
        var job = await TokenClient.ReadAsync(response);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, job.ToString());
        job.GetProperty("stage").GetString().ShouldBe("fetching");
        (await Client.EndAsync(job.GetProperty("id").GetString()!)).GetProperty("status").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task The_video_answers_ranges_and_conditions()
    {
        string id = await Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var done = await Client.EndAsync(id);
        string path = $"/v1/jobs/{id}/video";
        using var whole = await Client.Http.GetAsync(path);
        byte[] video = await whole.Content.ReadAsByteArrayAsync();
        whole.Headers.ETag!.Tag.ShouldBe($"\"{done.GetProperty("result").GetProperty("sha256").GetString()}\"");
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(video))
            .ShouldBe(done.GetProperty("result").GetProperty("sha256").GetString());
        int from = TestSeed.NewRandom().Next(video.Length - 50);
        using var part = await Client.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(from, from + 20) } });
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsByteArrayAsync()).ShouldBe(video[from..(from + 21)]);
        using var beyond = await Client.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(video.Length, null) } });
        beyond.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        using var unchanged = await Client.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { whole.Headers.ETag } } });
        unchanged.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var head = await Client.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        head.Content.Headers.ContentLength.ShouldBe(video.Length);
        using var download = await Client.Http.GetAsync(path + "?download");
        download.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
    }

    [Fact]
    public async Task Events_tell_every_stage_and_resume_where_they_were_left()
    {
        string id = await Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var events = await EventsAsync(id, null);
        events[^1].Name.ShouldBe("ended");
        events[^1].Data.GetProperty("status").GetString().ShouldBe("succeeded");
        events.Select(e => long.Parse(e.Id, CultureInfo.InvariantCulture)).ShouldBeInOrder(SortDirection.Ascending);
        var resumed = await EventsAsync(id, events[^1].Id);
        resumed.ShouldBeEmpty("everything was seen");
        // The job may have ended before the first event.
        string beforeEnd = $"{long.Parse(events[^1].Id, CultureInfo.InvariantCulture) - 1}";
        (await EventsAsync(id, beforeEnd)).ShouldHaveSingleItem().Name.ShouldBe("ended");
    }

    [Fact]
    public async Task Cancelling_a_running_job_stops_it_at_once_and_deleting_leaves_nothing()
    {
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=60", "--no-auth");
        using var client = new TokenClient(service.Url, "x", "y");
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "running");
        (await RunAsync(["cancel", id, "--server", service.Url, "--quiet"])).ShouldBe(0, "the command cancels it");
        using var canceled = await client.Http.PostAsync($"/v1/jobs/{id}/cancel", null);
        (await TokenClient.ReadAsync(canceled)).GetProperty("status").GetString().ShouldBe("canceled");
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            if (service.Log.Contains($"{id} stops: Canceled", StringComparison.Ordinal))
                break;
            clock.Elapsed.ShouldBeLessThan(Endurance.Endurance.AtOnce, "the job would run for a minute");
        }
        (await client.Http.DeleteAsync($"/v1/jobs/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await client.Http.GetAsync($"/v1/jobs/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        // The worker reports that it stops before it deletes its files.
        for (var clock = Stopwatch.StartNew(); Left(); await Task.Delay(50))
            clock.Elapsed.ShouldBeLessThan(Endurance.Endurance.AtOnce, "files of the job are left");

        bool Left() => Directory.EnumerateFileSystemEntries(service.Data, id, SearchOption.AllDirectories).Any();
    }

    [Fact]
    public async Task Jobs_are_listed_in_parts_newest_first_for_their_own_token()
    {
        using var own = shared.Service.CreateClient();
        var ids = new List<string>();
        for (int i = 0; i < 7; i++)
            ids.Add(await own.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));
        var listed = new List<string>();
        string? cursor = null;
        do
        {
            var part = await own.GetJsonAsync($"/v1/jobs?limit=3{(cursor is null ? "" : "&cursor=" + cursor)}");
            listed.AddRange(part.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString()!));
            cursor = part.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        listed.ShouldBe(ids.AsEnumerable().Reverse());
        foreach (string id in ids)
            (await own.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        // The list learns of the end of a job a moment after the job itself.
        for (var clock = Stopwatch.StartNew(); await CountAsync("succeeded") < ids.Count; await Task.Delay(50))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
        (await CountAsync("succeeded")).ShouldBe(7);
        (await CountAsync("queued")).ShouldBe(0);
        foreach (string? bad in new[] { "limit=0", "limit=101", "limit=-1", "cursor=%00", "status=7", "status=running%0a" })
            (await own.Http.GetAsync("/v1/jobs?" + bad)).StatusCode.ShouldBe(HttpStatusCode.BadRequest, bad);

        async Task<int> CountAsync(string status) =>
            (await own.GetJsonAsync($"/v1/jobs?status={status}&limit=100")).GetProperty("jobs").GetArrayLength();
    }

    [Fact]
    public async Task An_idempotency_key_makes_one_job_of_many_requests()
    {
        string key = Guid.NewGuid().ToString();
        string body = JsonSerializer.Serialize(
            new { image = Samples.DataUrl(Samples.Picture), audio = Samples.DataUrl(Samples.VoiceOfASecond) });
        async Task<HttpResponseMessage> PostAsync(HttpContent content)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = content };
            request.Headers.Add("Idempotency-Key", key);
            return await Client.Http.SendAsync(request);
        }
        HttpContent Json() => new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(Json())));
        var ids = new HashSet<string>();
        foreach (var answer in answers)
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            ids.Add((await TokenClient.ReadAsync(answer)).GetProperty("id").GetString()!);
        }
        ids.ShouldHaveSingleItem();
        answers.Count(answer => answer.Headers.Contains("Idempotency-Replayed")).ShouldBe(7);
        using var other = await PostAsync(TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond));
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await TokenClient.ReadAsync(other)).GetProperty("code").GetString().ShouldBe("idempotency_key_reused");
    }

    [Theory]
    [InlineData("""{"audio":"http://e.org/a.wav"}""", 422, "image")]
    [InlineData("""{"image":"http://e.org/a","video":"http://e.org/b","audio":"http://e.org/c"}""", 422, "video")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","steps":0}""", 422, "steps")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","steps":2.5}""", 422, "steps")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","motion_frames":8}""", 422, "motion_frames")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","seed":9007199254740993}""", 422, "seed")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","audio_type":"both"}""", 422, "audio_type")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","model":"../../etc"}""", 422, "model")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","webhook":"ftp://e.org"}""", 422, "webhook")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","metadata":{"a":1}}""", 422, "metadata")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","promt":"typo"}""", 422, "promt")]
    [InlineData("""{"image":"/etc/passwd","audio":"http://e.org/c"}""", 422, "image")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","prompt":"\ud800"}""", 422, "prompt")]
    [InlineData("""{"image":"http://e.org/a","audio":"\udfff","model":"\ud800"}""", 422, "model")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","metadata":{"a":"\ud800"}}""", 422, "metadata")]
    [InlineData("""{"image":"http://e.org/a","audio":"http://e.org/c","\ud800":1}""", 400, null)]
    [InlineData("[1]", 400, null)]
    [InlineData("{", 400, null)]
    public async Task A_wrong_submission_names_the_field(string body, int status, string? field)
    {
        using var response = await Client.PostJsonAsync("/v1/jobs", body);
        ((int)response.StatusCode).ShouldBe(status);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await TokenClient.ReadAsync(response);
        problem.GetProperty("code").GetString().ShouldBe("invalid_request");
        if (field is not null)
            problem.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(problem.ToString());
    }

    [Theory]
    [InlineData("/v1/jobs")]
    [InlineData("/")]
    public async Task Bytes_that_are_not_UTF_8_are_refused(string address)
    {
        var body = new ByteArrayContent(
            [
                .. """{"image":"http://e.org/a","audio":"http://e.org/c","audio1":"http://e.org/c","prompt":"""u8, (byte)'"', 0xff,
                (byte)'"', (byte)'}'
            ]);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await Client.Http.PostAsync(address, body);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_document_describes_every_address_and_pages_are_served()
    {
        using var anonymous = new HttpClient { BaseAddress = new Uri(shared.Service.Url) };
        using var json = JsonDocument.Parse(await anonymous.GetStringAsync("/openapi.json"));
        var paths = json.RootElement.GetProperty("paths");
        foreach (string? path in
                new[]
                {
                    "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/cancel", "/v1/jobs/{id}/events", "/v1/jobs/{id}/video",
                    "/v1/jobs/{id}/thumbnail", "/v1/options", "/v1/workers",
                })
        {
            paths.TryGetProperty(path, out _).ShouldBeTrue(path);
        }

        paths.GetProperty("/v1/jobs").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json")
            .GetProperty("example").GetProperty("image").GetString().ShouldBe("https://example.org/portrait.png");
        (await anonymous.GetAsync("/")).Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await anonymous.GetAsync("/docs/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await anonymous.GetStringAsync("/healthz")).ShouldBe("ok");
        (await anonymous.GetStringAsync("/metrics")).ShouldContain("locutor_jobs_submitted_total");
        using var proxied = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        proxied.Headers.Add("X-Forwarded-For", "203.0.113.9");
        (await anonymous.SendAsync(proxied)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "a proxy on this machine speaks for others");
        (await anonymous.GetAsync("/v1/nothing")).Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    private async Task<List<(string Id, string Name, JsonElement Data)>> EventsAsync(string id, string? last)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}/events");
        if (last is not null)
            request.Headers.Add("Last-Event-ID", last);
        using var response = await Client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (response.StatusCode is HttpStatusCode.NoContent)
            return [];
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var events = new List<(string, string, JsonElement)>();
        foreach (string block in (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Split('\n').Select(line => line.Split(": ", 2)).Where(line => line.Length == 2)
                .ToLookup(line => line[0], line => line[1]);
            if (lines["data"].FirstOrDefault() is not { } data)
                continue;
            using var json = JsonDocument.Parse(data);
            events.Add((lines["id"].Single(), lines["event"].Single(), json.RootElement.Clone()));
        }
        return events;
    }
}
