using System.Net;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.V1;

/// <summary>The live video over HTTP, with the small networks that need no files.</summary>
public sealed class LiveTests
{
    [Fact]
    public async Task Every_node_sends_a_running_job_from_the_bucket_and_nobody_else_may_see_it()
    {
        await using var bucket = await BucketServer.StartAsync();
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await ServiceProcess.StartRealAsync(
            environment, [.. bucket.Settings(), "--set", "model=untrained", "--set", "workers=cpu"]);
        using var client = first.CreateClient(TokenScopes.All);
        using var stranger = first.CreateClient(TokenScopes.All);
        await using var second = await LocalService.StartRealBesideAsync(first);
        using var other = new TokenClient(second.Url, client.Key, client.Secret);

        string id = await client.SubmitAsync(Samples.Picture, Samples.Voice(6), ("steps", "8"), ("seed", "3"));
        var worker = await HeldWorker.HoldAsync(client, id, () => bucket.Objects.ContainsKey($"some place/results/{id}/live-1.json"));
        var growing = await other.Http.GetAsync($"/v1/jobs/{id}/live.mp4", HttpCompletionOption.ResponseHeadersRead);
        growing.Content.Headers.ContentType!.MediaType.ShouldBe("video/mp4");
        string playlist = await other.Http.GetStringAsync($"/v1/jobs/{id}/live.m3u8");
        playlist.ShouldContain("#EXT-X-PLAYLIST-TYPE:EVENT");
        playlist.ShouldNotContain("#EXT-X-ENDLIST");
        await NobodyElseSeesAsync(first, stranger, ["live.m3u8", "live.mp4", "live/" + Uris(playlist)[^1]], id);
        string[] names = ["1.json", "..%2Fvideo-1.mp4", "%2e%2e/%2e%2e/store.id", "1-00000.m4s%00", "9-00000.m4s", "1-99999.m4s"];
        foreach (string name in names)
        {
            var answer = await other.Http.GetAsync($"/v1/jobs/{id}/live/{name}");
            answer.StatusCode.ShouldBeOneOf([HttpStatusCode.NotFound, HttpStatusCode.BadRequest]);
        }
        await worker.ContinueAsync();

        var end = await other.EndAsync(id, 240);
        end.GetProperty("status").GetString().ShouldBe("succeeded", end.ToString());
        string whole = await other.Http.GetStringAsync($"/v1/jobs/{id}/live.m3u8");
        whole.ShouldEndWith("#EXT-X-ENDLIST\n");
        whole.ShouldStartWith(playlist, customMessage: "a playlist only grows (RFC 8216, 6.2.1)");
        using var parts = new MemoryStream();
        foreach (string uri in Uris(whole))
            parts.Write(await other.Http.GetByteArrayAsync($"/v1/jobs/{id}/live/{uri}"));
        string video = Samples.HashOfFrames(await other.Http.GetByteArrayAsync($"/v1/jobs/{id}/video"));
        Samples.HashOfFrames(parts.ToArray()).ShouldBe(video);
        Samples.HashOfFrames(await growing.Content.ReadAsByteArrayAsync()).ShouldBe(video, "the growing file ends with the job");
        string withToken = second.Url.Replace("://", $"://{client.Key}:{client.Secret}@", StringComparison.Ordinal);
        foreach (string address in new[] { "live.m3u8", "live.mp4" })
            PlayedFrames($"{withToken}/v1/jobs/{id}/{address}").ShouldBe(video, "a player reads it with the token in the address");
        using var head = await other.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v1/jobs/{id}/live/{Uris(whole)[1]}"));
        head.Content.Headers.ContentLength.ShouldNotBeNull().ShouldBeGreaterThan(100);
        (await other.Http.SendAsync(new(HttpMethod.Head, $"/v1/jobs/{id}/live.mp4"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await other.Http.DeleteAsync($"/v1/jobs/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        bucket.Objects.Keys.ShouldBe(["some place/store.id"]);
        (await other.Http.GetAsync($"/v1/jobs/{id}/live.m3u8")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_request_before_the_first_clip_waits_and_one_for_a_job_without_clips_is_refused()
    {
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=1");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        using var response = await client.Http.GetAsync($"/v1/jobs/{id}/live.m3u8");
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound, "the stub has no clips");
        var problem = await TokenClient.ReadAsync(response);
        problem.GetProperty("code").GetString().ShouldBe("not_found");
        problem.GetProperty("detail").GetString()
            .ShouldBe("the job has ended (succeeded) and has no live video", "the request waited for the end of the job");
    }

    private static string PlayedFrames(string address) => Samples.HashOfFrames(Samples.Make("mp4", "-i", address, "-c", "copy"));

    private static async Task NobodyElseSeesAsync(TestedService service, TokenClient stranger, string[] addresses, string id)
    {
        using var nobody = new HttpClient { BaseAddress = new Uri(service.Url) };
        using var browser = new HttpClient { BaseAddress = new Uri(service.Url) };
        browser.DefaultRequestHeaders.Add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0");
        foreach (string address in addresses)
        {
            (await stranger.Http.GetAsync($"/v1/jobs/{id}/{address}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await nobody.GetAsync($"/v1/jobs/{id}/{address}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            (await browser.GetAsync($"/v1/jobs/{id}/{address}")).Headers.WwwAuthenticate.Select(asked => asked.Scheme).ShouldBe(
                ["Bearer"], "with Basic a browser would ask for a name and a password over the page");
        }
    }

    /// <summary>The parts in order, the headers too.</summary>
    private static string[] Uris(string playlist) =>
        [
            .. playlist.Split('\n').Where(line => line.Contains("live/", StringComparison.Ordinal))
                .Select(line => line.Split("live/")[1].TrimEnd('"'))
        ];
}
