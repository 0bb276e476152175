using System.Diagnostics;
using System.Text.Json;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>Two services over one PostgreSQL database and one data folder, by settings alone.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task Two_services_share_their_jobs_and_one_finishes_a_job_of_the_other_that_was_killed()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await ServiceProcess.StartAsync(
            environment, "--set", "stub_seconds=2", "--set", "lease_seconds=8", "--set", "workers=cpu");
        using var client = first.CreateClient(TokenScopes.All);
        await using var second = await LocalService.StartBesideAsync(first);
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        await WorkersAsync(other, 2);
        var ids = new List<string>();
        for (int i = 0; i < 3; i++)
            ids.Add(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));
        // Both services run a job, and the job of one of them does not end; each lists the jobs that the other one accepted.
        await HeldWorker.HoldBusyAsync(
            other, (await other.UntilWorkerAsync(worker => IsChild(worker, first))).GetProperty("process").GetInt32());
        await UntilRunningAsync(other, 2);
        var running = await other.GetJsonAsync("/v1/jobs?status=running");
        running.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString()).ShouldBeSubsetOf(ids);

        await first.KillAsync();
        // Until the second service has noticed the loss, it answers that it is busy.
        var attempts = new List<int>();
        foreach (string id in ids)
        {
            var job = await EndAsync(other, id);
            job.GetProperty("status").GetString().ShouldBe("succeeded", job.ToString());
            attempts.Add(job.GetProperty("attempt").GetInt32());
        }
        attempts.Sum().ShouldBeGreaterThan(ids.Count, "the job of the killed service was begun twice");
    }

    private static bool IsChild(JsonElement worker, ServiceProcess service) =>
        File.ReadAllText($"/proc/{worker.GetProperty("process")}/stat").Split(") ")[^1].Split(' ')[1] == $"{service.ProcessId}";

    private static async Task WorkersAsync(TokenClient client, int count)
    {
        for (var clock = Stopwatch.StartNew(); (await client.GetJsonAsync("/v1/workers")).GetProperty("workers")
            .GetArrayLength() != count; await Task.Delay(50))
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), "the workers of both services do not come");
        }
    }

    private static async Task UntilRunningAsync(TokenClient client, int count)
    {
        for (var clock = Stopwatch.StartNew(); (await client.GetJsonAsync("/v1/workers")).GetProperty("running")
            .GetInt32() != count; await Task.Delay(50))
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), "the services do not both work");
        }
    }

    private static async Task<JsonElement> EndAsync(TokenClient client, string id)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(200))
        {
            using var response = await client.Http.GetAsync($"/v1/jobs/{id}");
            var job = await TokenClient.ReadAsync(response);
            if (response.IsSuccessStatusCode && job.GetProperty("status").GetString() is not ("queued" or "running"))
                return job;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(180), job.ToString());
        }
    }
}
