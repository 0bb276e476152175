using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Webhooks;

[Collection("shared service")]
public sealed class WebhookTests(SharedService shared)
{
    [Fact]
    public async Task A_webhook_is_signed_and_repeated_until_it_is_taken()
    {
        var asked = 0;
        await using var receiver = LoopbackServer.Start("127.0.0.2", (_, stream, ct) => LoopbackServer.AnswerAsync(
            stream, ++asked == 1 ? "503 Service Unavailable" : "200 OK", "", [], ct));
        var id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", receiver.Url + "/hook"));
        await shared.Client.EndAsync(id);
        for (var i = 0; i < 200 && receiver.Requests.Count < 2; i++)
            await Task.Delay(50);
        receiver.Requests.Count.ShouldBe(2);
        var request = receiver.Requests[1];
        request.Line.ShouldBe("POST /hook HTTP/1.1");
        var secret = (await shared.Client.GetJsonAsync("/v1/webhooks/secret")).GetProperty("secret").GetString()!;
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var signed = $"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}.{request.Body}";
        request.Headers["webhook-signature"].ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed))));
        receiver.Requests[0].Headers["webhook-id"].ShouldBe(request.Headers["webhook-id"], "a receiver knows a repetition by its id");
        using var body = JsonDocument.Parse(request.Body);
        body.RootElement.GetProperty("type").GetString().ShouldBe("job.succeeded");
        body.RootElement.GetProperty("data").GetProperty("id").GetString().ShouldBe(id);
        await Task.Delay(1500);
        receiver.Requests.Count.ShouldBe(2, "it was taken");
    }

    [Fact]
    public async Task A_webhook_to_the_inside_reaches_nothing()
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", []);
        await using var outside = LoopbackServer.Start("127.0.0.2", (_, stream, ct) => LoopbackServer.AnswerAsync(stream, "307 Temporary Redirect", $"Location: {inside.Url}\r\n", [], ct));
        foreach (var url in new[] { inside.Url, outside.Url })
        {
            var id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("webhook", url));
            (await shared.Client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        }
        for (var i = 0; i < 100 && outside.Connections == 0; i++)
            await Task.Delay(50);
        await Task.Delay(500);
        outside.Connections.ShouldBeGreaterThan(0);
        inside.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task The_secret_belongs_to_the_token()
    {
        using var other = await shared.Service.TokenAsync();
        var mine = (await shared.Client.GetJsonAsync("/v1/webhooks/secret")).GetProperty("secret").GetString();
        (await other.GetJsonAsync("/v1/webhooks/secret")).GetProperty("secret").GetString().ShouldNotBe(mine);
        using var anonymous = new HttpClient { BaseAddress = new Uri(shared.Service.Url) };
        (await anonymous.GetAsync("/v1/webhooks/secret")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
