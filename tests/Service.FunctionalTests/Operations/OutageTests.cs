using System.Diagnostics;
using System.Net;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>How a lost database, and a data folder that is in use, look from outside.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task A_lost_database_is_503_with_a_reason_and_its_return_is_noticed_at_once()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        await using var service = await LocalService.StartAsync(
            new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString }, "--set", "stub_seconds=0.2", "--set",
            "workers=cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string before = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.EndAsync(before);
        await database.StopAsync();
        await UntilReadyAsync(client, false, "database");
        for (int i = 0; i < 5; i++)
        {
            using var refused = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond);
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await refused.Content.ReadAsStringAsync());
            refused.Headers.RetryAfter.ShouldNotBeNull();
            (await TokenClient.ReadAsync(refused)).GetProperty("retryable").GetBoolean().ShouldBeTrue();
        }
        await database.StartAgainAsync();
        await UntilReadyAsync(client, true, "ready");
        string after = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await client.EndAsync(after)).GetProperty("status").GetString().ShouldBe("succeeded");
        service.Log.ShouldNotContain("the service failed");
    }

    [Fact]
    public async Task A_database_that_does_not_answer_blocks_no_request_that_needs_no_token()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        await using var service = await LocalService.StartAsync(
            new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString }, "--set", "workers=none");
        using var client = service.CreateClient(TokenScopes.All);
        await client.GetJsonAsync("/v1/jobs");
        await database.FreezeAsync();
        try
        {
            // Far more requests than threads; each would block one of them until its read times out after 30 s.
            using var give = new CancellationTokenSource();
            var waiting = Enumerable.Range(0, 200)
                .Select(number => AskAsync(new TokenClient(service.Url, $"wk-{number}", "ws-x"), give.Token)).ToList();
            using var refused = await await Task.WhenAny(waiting);
            refused!.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(5); await Task.Delay(500))
                (await client.Http.GetStringAsync("/healthz").WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe("ok");
            await UntilReadyAsync(client, false, "database");
            await give.CancelAsync();
            await Task.WhenAll(waiting);
        }
        finally
        {
            await database.ThawAsync();
        }
        await UntilReadyAsync(client, true, "ready");
        await client.GetJsonAsync("/v1/jobs");
    }

    [Fact]
    public async Task A_second_service_in_the_same_folder_names_the_process_that_uses_it()
    {
        await using var first = await ServiceProcess.StartAsync("--set", "workers=none");
        var refused = await Should.ThrowAsync<IOException>(() => LocalService.StartBesideAsync(first));
        refused.Message.ShouldContain($"is used by another service (host {Environment.MachineName}, process {first.ProcessId}, since ");
        await first.KillAsync();
        // The lock of a killed process has no effect.
        await using var next = await LocalService.TakeOverAsync(first);
    }

    /// <summary>Returns the answer to a request, or null when it was given up.</summary>
    private static async Task<HttpResponseMessage?> AskAsync(TokenClient client, CancellationToken cancellationToken)
    {
        using (client)
        {
            try
            {
                return await client.Http.GetAsync("/v1/jobs", cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private static async Task UntilReadyAsync(TokenClient client, bool ready, string reason)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            using var answer = await client.Http.GetAsync("/readyz");
            string text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode == ready && text.Contains(reason, StringComparison.Ordinal))
                return;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), text);
        }
    }
}
