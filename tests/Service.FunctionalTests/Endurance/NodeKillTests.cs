using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Endurance;

/// <summary>
/// Two nodes with one PostgreSQL database, killed in turn with kill -9, while clients submit with Idempotency-Key and repeat requests
/// without an answer: every key makes one job, every job succeeds exactly once, and none waits longer than a lease allows.
/// </summary>
[Collection(Alone.Name)]
public sealed class NodeKillTests
{
    private const double Lease = 10;
    private static readonly int MostQueued = Endurance.Choose(40, 150);
    private static readonly int Clients = Endurance.Choose(4, 8);
    private static readonly int Kills = Endurance.Choose(3, 50);
    private static readonly int Jobs = Endurance.Choose(30, 5_000);

    private readonly ConcurrentDictionary<string, string> accepted = new();
    private readonly ConcurrentDictionary<int, int> answers = new();
    private readonly ConcurrentDictionary<string, bool> full = new();
    private readonly ConcurrentBag<double> outages = [];
    private int keys;

    [Fact]
    public async Task Killed_nodes_lose_no_job_and_make_none_twice()
    {
        var random = TestSeed.NewRandom();
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await ServiceProcess.StartAsync(
            environment, "--set", "stub_seconds=0.2", "--set", "workers=cpu", "--set", $"lease_seconds={Lease}",
            "--set", $"max_queued_per_token={MostQueued}", "--set", "submits_per_minute=1000000", "--set", "requests_per_minute=10000000");
        using var client = first.CreateClient(TokenScopes.All);
        await using var second = await first.StartAnotherAsync();
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        TokenClient[] clients = [client, other];
        await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));

        using var over = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, Clients).Select(number => LoadAsync(clients, number, over.Token)));
        for (int kill = 0; kill < Kills || accepted.Count < Jobs; kill++)
        {
            await Task.Delay(random.Next(1000, 4000));
            if (kill >= Kills)
                continue;
            var node = random.Next(2) == 0 ? first : second;
            await node.KillAsync();
            await Task.Delay(random.Next(0, 3000));
            await node.StartAgainAsync();
        }
        await over.CancelAsync();
        await load;
        await CheckAsync(client, () => first.Errors + second.Errors);
    }

    private async Task CheckAsync(TokenClient client, Func<string> errors)
    {
        accepted.Values.Distinct().Count().ShouldBe(accepted.Count, "two keys share a job");
        double longest = 0;
        foreach (var (key, id) in accepted)
        {
            var job = await client.EndAsync(id, Endurance.Choose(300, 900));
            job.GetProperty("status").GetString().ShouldBe("succeeded", $"{key}: {job}");
            double run = (
                job.GetProperty("finished_at").GetDateTimeOffset() - job.GetProperty("started_at").GetDateTimeOffset()).TotalSeconds;
            longest = Math.Max(longest, run);
            // An attempt may take until its lease expires and the queue has moved to another node; longer if other tests run meanwhile.
            run.ShouldBeLessThan(job.GetProperty("attempt").GetInt32() * (Lease + Endurance.Choose(30, 15)), $"{key}: {job}");
        }
        var listed = await ListAsync(client);
        listed.Count.ShouldBe(accepted.Count + 1, "every key makes one job, and the first one was without a key");
        var queue = await client.GetJsonAsync("/v1/workers");
        (queue.GetProperty("queued").GetInt32() + queue.GetProperty("running").GetInt32()).ShouldBe(0);
        answers.Keys.ShouldBeSubsetOf([202, 429, 503], errors());
        Endurance.Say($"nodes: seed {TestSeed.Value}, {Kills} kills, {accepted.Count} jobs, each ended once and succeeded; "
            + $"{answers.GetValueOrDefault(503)} of {answers.Values.Sum()} submissions "
            + $"were answered 503 and {answers.GetValueOrDefault(429)} that the queue is full; "
            + $"longest time until a submission got through {outages.DefaultIfEmpty().Max():F1} s; longest job {longest:F1} s");
    }

    /// <summary>
    /// Submits one job after another. A refused or interrupted request is repeated with the same key at the other node.
    /// </summary>
    private async Task LoadAsync(TokenClient[] nodes, int number, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            string key = $"nodes-{Interlocked.Increment(ref keys)}";
            var clock = Stopwatch.StartNew();
            for (int attempt = number; ; attempt++)
            {
                if (await SubmitAsync(nodes[attempt % 2], key) is { } id)
                {
                    accepted[key] = id;
                    break;
                }
                clock.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2), "no node takes jobs");
                bool full = this.full.TryRemove(key, out _);
                if (full)
                    clock.Restart(); // The service answers, but the queue is full.
                await Task.Delay(full ? 1000 : 200, CancellationToken.None);
            }
            outages.Add(clock.Elapsed.TotalSeconds);
            await Task.Delay(Endurance.Choose(600, 250), CancellationToken.None);
        }
    }

    private async Task<string?> SubmitAsync(TokenClient node, string key)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
            {
                Content = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond)
            };
            request.Headers.Add("Idempotency-Key", key);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var response = await node.Http.SendAsync(request, patience.Token);
            answers.AddOrUpdate((int)response.StatusCode, 1, static (_, count) => count + 1);
            if (response.StatusCode is HttpStatusCode.TooManyRequests)
                full[key] = true;
            return response.StatusCode is HttpStatusCode.Accepted
                ? (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()
                : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            return null; // The node was killed during the request.
        }
    }

    private static async Task<List<JsonElement>> ListAsync(TokenClient client)
    {
        var listed = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var part = await client.GetJsonAsync($"/v1/jobs?limit=100{(cursor is null ? "" : "&cursor=" + cursor)}");
            listed.AddRange(part.GetProperty("jobs").EnumerateArray());
            cursor = part.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return listed;
    }
}
