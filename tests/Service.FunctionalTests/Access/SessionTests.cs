using System.Net;
using System.Net.Http.Json;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Access;

/// <summary>Browsers that are signed in.</summary>
public sealed class SessionTests
{
    [Fact]
    public async Task A_session_is_valid_on_every_node_and_a_sign_out_ends_it()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await LocalService.StartAsync(environment, "--set", "workers=none");
        using var token = first.CreateClient(TokenScopes.All);
        await using var second = await first.StartAnotherAsync();

        var (cookie, _) = await SignInAsync(first.Url, token);
        (await ListAsync(first.Url, cookie)).ShouldBe(HttpStatusCode.OK);
        (await ListAsync(second.Url, cookie)).ShouldBe(HttpStatusCode.OK);

        using (var browser = Browser(second.Url, cookie))
            (await browser.DeleteAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await ListAsync(second.Url, cookie)).ShouldBe(HttpStatusCode.Unauthorized);
        // The other node caches a session for five seconds.
        for (int attempt = 0; await ListAsync(first.Url, cookie) != HttpStatusCode.Unauthorized; attempt++)
        {
            attempt.ShouldBeLessThan(100, "the session outlives its sign-out");
            await Task.Delay(200);
        }
    }

    [Fact]
    public async Task A_page_of_another_origin_gets_that_reason_and_not_a_wrong_secret()
    {
        await using var service = await LocalService.StartAsync("--set", "workers=none", "--set", "public_url=https://talk.example.org");
        using var token = service.CreateClient();
        using var foreign = await SignInAsync(service.Url, token, "https://evil.example");
        foreign.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await TokenClient.ReadAsync(foreign)).GetProperty("code").GetString().ShouldBe("forbidden_origin");
        using var own = await SignInAsync(service.Url, token, "https://talk.example.org");
        own.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    internal static async Task<(string Cookie, HttpResponseMessage Answer)> SignInAsync(string url, TokenClient token)
    {
        using var browser = Browser(url, null);
        var answer = await browser.PostAsJsonAsync("/v1/session", new { key = token.Key, secret = token.Secret });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (answer.Headers.GetValues("Set-Cookie").Single(), answer);
    }

    private static async Task<HttpResponseMessage> SignInAsync(string url, TokenClient token, string origin)
    {
        using var browser = Browser(url, null);
        browser.DefaultRequestHeaders.Add("Origin", origin);
        return await browser.PostAsJsonAsync("/v1/session", new { key = token.Key, secret = token.Secret });
    }

    private static async Task<HttpStatusCode> ListAsync(string url, string cookie)
    {
        using var browser = Browser(url, cookie);
        return (await browser.GetAsync("/v1/jobs")).StatusCode;
    }

    private static HttpClient Browser(string url, string? cookie)
    {
        var client = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri(url) };
        if (cookie is not null)
            client.DefaultRequestHeaders.Add("Cookie", cookie.Split(';')[0]);
        return client;
    }
}
