using System.Diagnostics;
using System.Net;
using Locutor.Jobs.Hosting;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Access;

/// <summary>How often a token may ask, and how often a secret may be tried.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task The_limit_of_a_token_applies_to_all_nodes_together_and_is_reported()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await LocalService.StartAsync(environment, "--set", "workers=none", "--set", "submits_per_minute=5");
        using var client = first.CreateClient();
        await using var second = await first.StartAnotherAsync();
        using var other = new TokenClient(second.Url, client.Key, client.Secret);

        var answers = new List<HttpResponseMessage>();
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 12; i++)
            answers.Add(await (i % 2 == 0 ? client : other).UploadAsync(Samples.Picture, Samples.VoiceOfASecond));
        // One more request is allowed every twelve seconds.
        answers.Count(answer => answer.StatusCode is HttpStatusCode.Accepted)
            .ShouldBeInRange(5, 6 + (int)(clock.Elapsed.TotalSeconds / 12));
        var refused = answers.Last(answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(1, 12);
        refused.Headers.GetValues("RateLimit-Limit").Single().ShouldBe("5");
        refused.Headers.GetValues("RateLimit-Remaining").Single().ShouldBe("0");
        answers[0].Headers.GetValues("RateLimit-Remaining").Single().ShouldBe("4");
    }

    [Fact]
    public async Task Wrong_secrets_are_slowed_down_and_leave_other_keys_alone()
    {
        await using var service = await LocalService.StartAsync("--set", "workers=none");
        using var token = service.CreateClient();
        using var neighbour = service.CreateClient();
        using var guesser = new TokenClient(service.Url, token.Key, "ws-wrong");
        var clock = Stopwatch.StartNew();
        HttpResponseMessage slowed;
        int tries = 0;
        for (; (slowed = await guesser.Http.GetAsync("/v1/jobs")).StatusCode is not HttpStatusCode.TooManyRequests; tries++)
        {
            using var wrong = slowed;
            wrong.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            wrong.Headers.WwwAuthenticate.Select(asked => asked.Scheme).ShouldBe(["Bearer", "Basic"]);
        }
        // One more is allowed every six seconds.
        tries.ShouldBeInRange(10, 10 + (int)(clock.Elapsed.TotalSeconds / 6));
        slowed.Headers.RetryAfter.ShouldNotBeNull();
        (await TokenClient.ReadAsync(slowed)).GetProperty("code").GetString().ShouldBe("too_many_attempts");
        (await token.Http.GetAsync("/v1/jobs")).StatusCode.ShouldBe(
            HttpStatusCode.TooManyRequests, "the right secret must not be told apart");
        (await neighbour.Http.GetAsync("/v1/jobs")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
