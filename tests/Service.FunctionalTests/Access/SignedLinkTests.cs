using System.Net;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Access;

[Collection(Together.Name)]
public sealed class SignedLinkTests(SharedService shared)
{
    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_shared_video_is_read_without_a_token_by_its_signed_address_alone()
    {
        using var token = shared.Service.CreateClient();
        string id = await token.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await token.EndAsync(id);
        string url = await LinkAsync(token, $"/v1/jobs/{id}/links", new { hours = 1 });
        using var stranger = new HttpClient();
        (await stranger.GetByteArrayAsync(url, Soon)).ShouldBe(await token.Http.GetByteArrayAsync($"/v1/jobs/{id}/video", Soon));
        (await StatusAsync(stranger, HttpMethod.Head, url)).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(stranger, HttpMethod.Get, url + "&download")).ShouldBe(HttpStatusCode.OK);
        foreach (var (method, wrong) in
                new[]
                {
                    (HttpMethod.Get, url.Replace("/video?", "/thumbnail?", StringComparison.Ordinal)),
                    (HttpMethod.Get, url.Replace($"/{id}/video?", "?", StringComparison.Ordinal)),
                    (HttpMethod.Delete, url.Replace("/video?", "?", StringComparison.Ordinal)),
                    (HttpMethod.Get, url.Replace("expires=", "expires=9", StringComparison.Ordinal)),
                    (HttpMethod.Get, url + "A"), (HttpMethod.Get, url.Replace("key=wk-", "key=wk-0", StringComparison.Ordinal)),
                    (HttpMethod.Get, url.Replace("signature=", "signature=%00", StringComparison.Ordinal)),
                })
        {
            (await StatusAsync(stranger, method, wrong)).ShouldBe(HttpStatusCode.Forbidden, $"{method} {wrong}");
        }
        string brief = await LinkAsync(token, $"/v1/jobs/{id}/links", new { hours = 0.00001 });
        await Task.Delay(1100, Soon);
        (await StatusAsync(stranger, HttpMethod.Get, brief)).ShouldBe(HttpStatusCode.Forbidden, "expired");
        (await shared.Service.RunAsync("tokens", "revoke", token.Key, "--jobs", "keep")).Code.ShouldBe(0);
        (await StatusAsync(stranger, HttpMethod.Get, url)).ShouldBe(HttpStatusCode.Forbidden, "its token is revoked");
    }

    [Fact]
    public async Task An_upload_address_accepts_one_job_without_a_token()
    {
        string url = await LinkAsync(shared.Client, "/v1/uploads/links", new { hours = 1 });
        using var stranger = new HttpClient();
        var ids = new List<string?>();
        for (int i = 0; i < 2; i++)
        {
            using var answer = await stranger.PostAsync(url, TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond, []), Soon);
            answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            ids.Add((await TokenClient.ReadAsync(answer)).GetProperty("id").GetString());
        }
        ids[1].ShouldBe(ids[0], "a repeated upload is the same job");
        using (var other = await stranger.PostAsync(url, TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond, [("seed", "5")]), Soon))
            other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, "another job");
        (await StatusAsync(stranger, HttpMethod.Get, url)).ShouldBe(HttpStatusCode.Forbidden, "it lists no jobs");
        (await shared.Client.EndAsync(ids[0]!)).GetProperty("status").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task Links_of_other_files_and_of_foreign_jobs_are_refused()
    {
        using var token = shared.Service.CreateClient();
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await PostAsync(token, $"/v1/jobs/{id}/links", new { })).ShouldBe(HttpStatusCode.NotFound);
        foreach (object body in new object[] { new { file = "../x" }, new { hours = 0 }, new { hours = 721 } })
            (await PostAsync(shared.Client, $"/v1/jobs/{id}/links", body)).ShouldBe(HttpStatusCode.BadRequest, body.ToString());
        using var bare = await shared.Client.Http.PostAsync($"/v1/jobs/{id}/links", null, Soon);
        bare.StatusCode.ShouldBe(HttpStatusCode.OK, "everything has a default");
        using var unread = await shared.Client.PostJsonAsync($"/v1/jobs/{id}/links", new { hours = "one" });
        (await TokenClient.ReadAsync(unread)).GetProperty("detail").GetString().ShouldBe("hours: this value cannot be read");
    }

    private static async Task<string> LinkAsync(TokenClient client, string path, object body)
    {
        using var answer = await client.PostJsonAsync(path, body);
        var link = await TokenClient.ReadAsync(answer);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, link.ToString());
        return link.GetProperty("url").GetString()!;
    }

    private static async Task<HttpStatusCode> PostAsync(TokenClient client, string path, object body)
    {
        using var answer = await client.PostJsonAsync(path, body);
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, HttpMethod method, string url)
    {
        using var request = new HttpRequestMessage(method, url);
        using var answer = await client.SendAsync(request, Soon);
        return answer.StatusCode;
    }
}
