using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Webhooks;

public sealed class WebhookTests(SharedService shared) : IClassFixture<SharedService>
{
    [Fact]
    public async Task A_webhook_is_signed_and_repeated_until_it_is_taken_and_does_not_wait_for_silent_receivers()
    {
        await using var silent = LoopbackServer.Start(
            "127.0.0.2", (_, _, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken));
        for (int i = 0; i < 8; i++)
            await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", silent.Url));
        int asked = 0;
        await using var receiver = LoopbackServer.Start("127.0.0.2", (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(
            stream, ++asked == 1 ? "503 Service Unavailable" : "200 OK", "", [], cancellationToken));
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", receiver.Url + "/hook"));
        await shared.Client.EndAsync(id);
        for (int i = 0; i < 1200 && receiver.Requests.Count < 2; i++)
            await Task.Delay(50);
        receiver.Requests.Count.ShouldBe(2);
        silent.Connections.ShouldBe(8, "none of them is over and sent again");
        var request = receiver.Requests[1];
        request.Line.ShouldBe("POST /hook HTTP/1.1");
        string secret = (await shared.Client.GetJsonAsync("/v1/webhooks/secret")).GetProperty("secret").GetString()!;
        byte[] key = Convert.FromBase64String(secret["whsec_".Length..]);
        string signed = $"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}.{request.Body}";
        request.Headers["webhook-signature"].ShouldBe(
            "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed))));
        receiver.Requests[0].Headers["webhook-id"].ShouldBe(request.Headers["webhook-id"], "a receiver knows a repetition by its id");
        using var body = JsonDocument.Parse(request.Body);
        body.RootElement.GetProperty("type").GetString().ShouldBe("job.succeeded");
        body.RootElement.GetProperty("data").GetProperty("id").GetString().ShouldBe(id);
        await Task.Delay(1500);
        receiver.Requests.Count.ShouldBe(2, "it was taken");
    }

    [Fact]
    public async Task A_webhook_to_a_private_address_is_not_sent()
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", []);
        await using var outside = LoopbackServer.Start(
            "127.0.0.2",
            (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(
                stream, "307 Temporary Redirect", $"Location: {inside.Url}\r\n", [], cancellationToken));
        foreach (string? url in new[] { inside.Url, outside.Url })
        {
            string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", url));
            (await shared.Client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        }
        for (int i = 0; i < 1200 && outside.Connections == 0; i++)
            await Task.Delay(50);
        await Task.Delay(500);
        outside.Connections.ShouldBeGreaterThan(0);
        inside.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task The_job_shows_the_attempts_of_its_webhook_and_it_can_be_sent_again()
    {
        string answer = "500 Internal Server Error";
        await using var receiver = LoopbackServer.Start(
            "127.0.0.2",
            (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(stream, answer, "Retry-After: 3\r\n", [], cancellationToken));
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", receiver.Url + "/hook"));
        var failing = await UntilAsync(shared.Client, id, webhook => webhook.GetProperty("attempts").GetInt32() > 0);
        failing.GetProperty("state").GetString().ShouldBe("pending");
        failing.GetProperty("last_status").GetInt32().ShouldBe(500);
        failing.GetProperty("last_error").GetString().ShouldBe("answered 500");
        var pause = failing.GetProperty("next_at").GetDateTimeOffset() - failing.GetProperty("last_at").GetDateTimeOffset();
        pause.TotalSeconds.ShouldBe(3, 0.01, "the receiver asked for it; the first pause is shorter");

        answer = "410 Gone";
        var gone = await UntilAsync(shared.Client, id, webhook => webhook.GetProperty("state").GetString() == "given_up");
        gone.GetProperty("last_status").GetInt32().ShouldBe(410);

        answer = "200 OK";
        int sent = receiver.Requests.Count;
        using var resent = await shared.Client.Http.PostAsync($"/v1/jobs/{id}/webhook", null);
        resent.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await UntilAsync(shared.Client, id, webhook => webhook.GetProperty("state").GetString() == "delivered"))
            .TryGetProperty("last_error", out _).ShouldBeFalse();
        receiver.Requests.Count.ShouldBe(sent + 1);
        receiver.Requests[^1].Headers["webhook-id"].ShouldBe(receiver.Requests[0].Headers["webhook-id"]);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_given_up_at_once()
    {
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", "http://127.0.0.1:9/hook"));
        var webhook = await UntilAsync(shared.Client, id, webhook => webhook.GetProperty("state").GetString() == "given_up");
        webhook.GetProperty("attempts").GetInt32().ShouldBe(1);
        webhook.GetProperty("last_error").GetString()!.ShouldContain("not a public address");
        string without = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        using var refused = await shared.Client.Http.PostAsync($"/v1/jobs/{without}/webhook", null);
        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_revoked_token_cancels_or_keeps_its_jobs_and_its_webhooks_are_sent()
    {
        await using var receiver = LoopbackServer.Start(
            "127.0.0.2", (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(stream, "200 OK", "", [], cancellationToken));
        await using var service = await LocalService.StartAsync(
            "--set", "workers=cpu", "--set", "stub_seconds=2", "--set", "clean_seconds=0.5", "--set", "allow_addresses=127.0.0.2/32");
        using var kept = service.CreateClient(TokenScopes.All);
        using var canceled = service.CreateClient();
        var hold = service.HoldJobs();
        string running = await kept.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", receiver.Url));
        await kept.UntilAsync(running, job => job.GetProperty("status").GetString() == "running");
        var ids = new Dictionary<string, string>
        {
            [running] = "job.succeeded",
            [await canceled.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", receiver.Url))] = "job.canceled",
            [await canceled.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", receiver.Url))] = "job.canceled",
        };
        (await service.RunAsync("tokens", "revoke", kept.Key)).Output.ShouldContain("run to their end");
        (await service.RunAsync("tokens", "revoke", canceled.Key, "--jobs", "cancel")).Output.ShouldContain("are canceled");
        for (int i = 0; i < 1200 && receiver.Requests.Count < 2; i++)
            await Task.Delay(50);
        hold.SetResult();
        for (int i = 0; i < 1200 && receiver.Requests.Count < 3; i++)
            await Task.Delay(50);
        receiver.Requests.Count.ShouldBe(3, service.Log);
        foreach (var request in receiver.Requests)
        {
            using var body = JsonDocument.Parse(request.Body);
            body.RootElement.GetProperty("type").GetString()
                .ShouldBe(ids[body.RootElement.GetProperty("data").GetProperty("id").GetString()!]);
        }
    }

    private static async Task<JsonElement> UntilAsync(TokenClient client, string id, Func<JsonElement, bool> condition) =>
        (await client.UntilAsync(id, job => condition(job.GetProperty("webhook")), seconds: 60)).GetProperty("webhook");

    [Fact]
    public async Task The_secret_belongs_to_the_token()
    {
        using var other = shared.Service.CreateClient();
        string? mine = (await shared.Client.GetJsonAsync("/v1/webhooks/secret")).GetProperty("secret").GetString();
        (await other.GetJsonAsync("/v1/webhooks/secret")).GetProperty("secret").GetString().ShouldNotBe(mine);
        using var anonymous = new HttpClient { BaseAddress = new Uri(shared.Service.Url) };
        (await anonymous.GetAsync("/v1/webhooks/secret")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
