using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Endurance;

/// <summary>
/// kill -9 at random moments under load: accepted jobs are kept and end once, and no video is truncated or of another job.
/// </summary>
[Collection(Alone.Name)]
public sealed class CrashTests
{
    private static readonly int Clients = Endurance.Choose(4, 12);

    private readonly int seed = TestSeed.Value;
    private readonly ConcurrentDictionary<string, string> accepted = new();
    private readonly ConcurrentDictionary<string, string> ended = new();
    private readonly ConcurrentQueue<string> changed = new();
    private int keys;

    [Fact]
    public async Task Every_accepted_job_ends_exactly_once()
    {
        var random = new Random(seed);
        await using var service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=0.06", "--set", "workers=cpu,cpu", "--set", "max_queued_per_token=100000", "--set",
            "submits_per_minute=1000000", "--set", "requests_per_minute=10000000");
        using var client = service.CreateClient(TokenScopes.All);
        await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));
        int kills = Endurance.Choose(4, 50);
        for (int kill = 0; kill < kills; kill++)
        {
            using var over = new CancellationTokenSource();
            var load = Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => LoadAsync(client, over.Token)));
            await Task.Delay(random.Next(300, Endurance.Choose(1500, 6000)));
            await service.KillAsync();
            await over.CancelAsync();
            await load;
            if (kill < kills - 1)
                await service.StartAgainAsync();
        }
        await using var last = await LocalService.TakeOverAsync(service);
        // The list also contains jobs whose answer was lost by the kill; they end like all others.
        foreach (string id in (await ListAsync(client)).Keys)
            await NoteAsync(id, () => client.EndAsync(id, Endurance.Choose(240, 900)));
        await CheckAsync(service, client);
        Endurance.Say($"crash: seed {seed}, {kills} kills, {accepted.Count} jobs accepted, all ended once, "
            + $"{ended.Values.Count(end => end.StartsWith("succeeded", StringComparison.Ordinal))} succeeded");
    }

    private async Task CheckAsync(ServiceProcess service, TokenClient client)
    {
        changed.ShouldBeEmpty($"seed {seed}");
        var listed = await ListAsync(client);
        foreach (var (key, id) in accepted)
        {
            listed.ContainsKey(id).ShouldBeTrue($"seed {seed}: {id}, accepted under {key}, is not listed");
            using var head = await client.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/?call_id={id}"));
            var job = listed[id];
            if (job.GetProperty("status").GetString() != "succeeded")
            {
                // Three kills may hit one job; then it has failed for that reason and no other.
                job.GetProperty("error").GetProperty("code").GetString().ShouldBe("worker_lost", $"seed {seed}: {job}");
                head.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
                continue;
            }
            head.StatusCode.ShouldBe(HttpStatusCode.OK);
            byte[] video = await client.Http.GetByteArrayAsync($"/?call_id={id}");
            Convert.ToHexStringLower(SHA256.HashData(video)).ShouldBe(
                job.GetProperty("result").GetProperty("sha256").GetString(), $"seed {seed}: {id} is torn");
            Encoding.ASCII.GetString(video, video.Length - id.Length, id.Length).ShouldBe(id, $"seed {seed}: another job's video");
        }
        foreach (var job in listed.Values)
            job.GetProperty("status").GetString().ShouldBeOneOf("succeeded", "failed");
        (await client.GetJsonAsync("/v1/workers")).GetProperty("running").GetInt32().ShouldBe(0);
        Directory.EnumerateDirectories(Path.Combine(service.Data, "results")).Count()
            .ShouldBeGreaterThanOrEqualTo(ended.Values.Count(end => end.StartsWith("succeeded", StringComparison.Ordinal)));
    }

    private async Task LoadAsync(TokenClient client, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                string key = $"crash-{Interlocked.Increment(ref keys)}";
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
                {
                    Content = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond)
                };
                request.Headers.Add("Idempotency-Key", key);
                using var response = await client.Http.SendAsync(request, cancellationToken);
                response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
                accepted[key] = (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!;
                foreach (string? id in accepted.Values.Except(ended.Keys).Take(5))
                    await NoteAsync(id, () => client.GetJsonAsync($"/v1/jobs/{id}"));
                await Task.Delay(Endurance.Choose(80, 30), cancellationToken);
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
            {
                // The service was killed during the request. A job without an answer does not count as accepted.
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// An end once seen must be the same for ever after. Clients ask at the same time, so an answer "running" may arrive after another
    /// client has seen the end; it is wrong only if the end was known before the question.
    /// </summary>
    private async Task NoteAsync(string id, Func<Task<JsonElement>> ask)
    {
        bool known = ended.TryGetValue(id, out string? before);
        var job = await ask();
        string status = job.GetProperty("status").GetString()!;
        string now = status + (job.TryGetProperty("result", out var result) ? result.GetProperty("sha256").GetString() : "");
        if (status is not ("queued" or "running"))
            (known, before) = (true, ended.GetOrAdd(id, now));
        if (known && before != now)
            changed.Enqueue($"{id} was {before} and is {now}");
    }

    private static async Task<Dictionary<string, JsonElement>> ListAsync(TokenClient client)
    {
        var listed = new Dictionary<string, JsonElement>();
        string? cursor = null;
        do
        {
            var part = await client.GetJsonAsync($"/v1/jobs?limit=100{(cursor is null ? "" : "&cursor=" + cursor)}");
            foreach (var job in part.GetProperty("jobs").EnumerateArray())
                listed.Add(job.GetProperty("id").GetString()!, job);
            cursor = part.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return listed;
    }
}
