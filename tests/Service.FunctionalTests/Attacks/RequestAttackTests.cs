using System.Net;
using System.Net.Sockets;
using System.Text;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Attacks;

/// <summary>Attacks through paths, headers, texts and numbers of requests.</summary>
public sealed class RequestAttackTests(SharedService shared) : IClassFixture<SharedService>
{
    [Theory]
    [InlineData("GET", "/v1/jobs/..%2f..%2fjobs.db")]
    [InlineData("GET", "/v1/jobs/%2e%2e/%2e%2e/jobs.db")]
    [InlineData("GET", "/v1/jobs/fc-../../../../../../etc/passwd/video")]
    [InlineData("GET", "/v1/jobs/fc-0000000000000000000000000%00/video")]
    [InlineData("GET", "/v1/jobs/fc-00000000000000000000000000/inputs/..%2f..%2fjobs.db")]
    [InlineData("GET", "/?call_id=../../jobs.db")]
    [InlineData("GET", "/?call_id=fc-%00")]
    [InlineData("GET", "/..%2f..%2fetc%2fpasswd")]
    [InlineData("GET", "/js/..%2f..%2flocutor.dll")]
    [InlineData("GET", "/../jobs.db")]
    [InlineData("DELETE", "/v1/jobs/..")]
    public async Task Path_traversal_reaches_no_file(string method, string target)
    {
        // A raw socket, because HTTP clients normalise paths.
        string answer = await RawAsync(
            $"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nModal-Key: {shared.Client.Key}\r\nModal-Secret: " +
            $"{shared.Client.Secret}\r\nConnection: close\r\n\r\n");
        answer.ShouldMatch(@"\AHTTP/1\.1 (400|404|405) ");
        answer.ShouldNotContain("SQLite format");
        answer.ShouldNotContain("root:");
    }

    [Theory]
    [InlineData("GET /v1/jobs/fc-%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400)]
    [InlineData("GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\n\r\n", 400)]
    [InlineData("GET /v1/jobs HTTP/1.1\r\n\r\n", 400)]
    [InlineData("nothing\r\n\r\n", 400)]
    [InlineData("GET /v1/jobs HTTP/3.7\r\nHost: 127.0.0.1\r\n\r\n", 505)]
    [InlineData("GET /{long} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414)]
    [InlineData("GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {long}{long}{long}{long}\r\n\r\n", 431)]
    public async Task A_request_that_is_not_http_is_answered_with_a_problem(string request, int status)
    {
        string answer = await RawAsync(request.Replace("{long}", new string('a', 9000), StringComparison.Ordinal));

        string[] parts = answer.Split("\r\n\r\n");
        parts.Length.ShouldBe(2, answer);
        parts[0].ShouldStartWith($"HTTP/1.1 {status} ");
        parts[0].ShouldContain("\r\nContent-Type: application/problem+json\r\n");
        parts[0].ShouldContain($"\r\nContent-Length: {parts[1].Length}\r\n");
        using var problem = System.Text.Json.JsonDocument.Parse(parts[1]);
        problem.RootElement.GetProperty("status").GetInt32().ShouldBe(status);
        problem.RootElement.GetProperty("code").GetString().ShouldBe("invalid_request");
    }

    [Fact]
    public async Task A_prompt_of_markup_and_control_characters_is_data_everywhere()
    {
        const string prompt = "<script>alert(1)</script>\r\nSet-Cookie: a=b\u001b[31m\u0000";
        string id = await shared.Client.SubmitAsync(
            Samples.Picture, Samples.VoiceOfASecond, ("prompt", prompt), ("metadata", """{"a":"<img onerror=x>"}"""));
        using var response = await shared.Client.Http.GetAsync($"/v1/jobs/{id}");
        string body = await response.Content.ReadAsStringAsync();
        body.ShouldNotContain("<script>");
        body.ShouldNotContain("\u001b");
        response.Headers.Contains("Set-Cookie").ShouldBeFalse();
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self'");
        (await TokenClient.ReadAsync(response)).GetProperty("prompt").GetString().ShouldBe(prompt);
        await shared.Client.EndAsync(id);
        shared.Service.Log.ShouldNotContain("\u001b");
        shared.Service.Log.ShouldNotContain("<script>");
        shared.Service.Log.ShouldNotContain("Set-Cookie");
    }

    [Fact]
    public async Task The_page_has_no_inline_script_or_style_and_everything_comes_from_here()
    {
        using var client = new HttpClient { BaseAddress = new Uri(shared.Service.Url) };
        using var response = await client.GetAsync("/");
        string page = await response.Content.ReadAsStringAsync();
        page.ShouldNotMatch(@"<script(?![^>]*\bsrc=)[^>]*>");
        page.ShouldNotMatch(@"\bon\w+\s*=\s*[""']");
        page.ShouldNotMatch(@"\bstyle\s*=\s*[""']");
        page.ShouldNotMatch(@"(src|href)=""(https?:)?//");
        string policy = response.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("default-src 'none'");
        policy.ShouldNotContain("unsafe");
        policy.ShouldContain("frame-ancestors 'none'");
    }

    [Fact]
    public async Task A_flood_of_one_token_is_refused_with_a_time_and_loses_nothing()
    {
        await using var service = await LocalService.StartAsync(
            "--set", "stub_seconds=0.05", "--set", "max_queued=12", "--set", "max_queued_per_token=8", "--set", "workers=none");
        using var first = service.CreateClient();
        using var second = await service.TokenAsync("--max-queued", "6");
        var accepted = new List<(TokenClient Client, string Id)>();
        int refused = 0;
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            var client = i % 2 == 0 ? first : second;
            return (Client: client, Response: await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond));
        }));
        foreach (var (client, response) in answers)
        {
            if (response.StatusCode is HttpStatusCode.Accepted)
            {
                accepted.Add((client, (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!));
                continue;
            }
            response.StatusCode.ShouldBeOneOf(HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable);
            response.Headers.RetryAfter.ShouldNotBeNull();
            refused++;
        }
        (accepted.Count, refused).ShouldBe((12, 48));
        await service.StopAsync();
        await using var next = await LocalService.TakeOverAsync(service, "--set", "workers=cpu");
        foreach (var (client, id) in accepted)
            (await client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        Directory.GetDirectories(Path.Combine(service.Data, "inputs")).Length.ShouldBe(accepted.Count, "what was refused leaves no files");
    }

    [Fact]
    public async Task Submitting_too_fast_is_429()
    {
        // the third is allowed after half a minute
        await using var service = await LocalService.StartAsync("--set", "submits_per_minute=2");
        using var client = service.CreateClient();
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond)));
        answers.Count(answer => answer.StatusCode is HttpStatusCode.Accepted).ShouldBe(2);
        var refused = answers.Where(answer => answer.StatusCode is HttpStatusCode.TooManyRequests).ToList();
        refused.Count.ShouldBe(3);
        foreach (var answer in refused)
            answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Tokens_do_what_their_scopes_say_and_end_when_revoked_or_expired()
    {
        using var reader = shared.Service.CreateClient(TokenScopes.Read);
        (await reader.Http.GetAsync("/v1/jobs")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await reader.UploadAsync(Samples.Picture, Samples.VoiceOfASecond)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await reader.Http.GetAsync("/v1/workers")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var brief = await shared.Service.TokenAsync("--expires-days", "0.00001");
        await Task.Delay(1500);
        (await brief.Http.GetAsync("/v1/jobs")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await shared.Service.RunAsync("tokens", "revoke", reader.Key)).Code.ShouldBe(0);
        (await shared.Service.CommandAsync("tokens", "list")).Output.ShouldContain($"{reader.Key}  revoked");
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); (
            await reader.Http.GetAsync("/v1/jobs")).StatusCode is HttpStatusCode.OK; await Task.Delay(100))
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
        }

        File.ReadAllText(Path.Combine(shared.Service.Data, "jobs.db"), Encoding.Latin1).ShouldNotContain(reader.Secret);
        shared.Service.Log.ShouldNotContain(reader.Secret);
    }

    [Fact]
    public async Task Without_tokens_other_sites_and_names_get_nothing()
    {
        await using var service = await LocalService.StartAsync("--no-auth");
        using var client = new HttpClient { BaseAddress = new Uri(service.Url) };
        async Task<HttpStatusCode> AskAsync(string path, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond)
            };
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            return (await client.SendAsync(request)).StatusCode;
        }
        (await AskAsync("/v1/jobs")).ShouldBe(HttpStatusCode.Accepted);
        (await AskAsync("/v1/jobs", ("Origin", service.Url))).ShouldBe(HttpStatusCode.Accepted);
        (await AskAsync("/v1/jobs", ("Origin", "https://evil.example"))).ShouldBe(HttpStatusCode.Forbidden);
        (await AskAsync("/v1/jobs", ("Sec-Fetch-Site", "cross-site"))).ShouldBe(HttpStatusCode.Forbidden);
        (await AskAsync("/v1/jobs", ("Host", "rebound.example"))).ShouldBe(HttpStatusCode.Forbidden);
        var (code, _, error) = await service.CommandAsync("serve", "--no-auth", "--urls", "http://0.0.0.0:9");
        code.ShouldBe(2);
        error.ShouldContain("no_auth: expected loopback addresses only, found http://0.0.0.0:9");
    }

    private async Task<string> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(shared.Service.Url).Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }
}
