using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Endurance;

/// <summary>
/// Two API nodes with PostgreSQL and a bucket, and eight workers on four machines (simulated by folders that share only the certificate),
/// while nodes and workers are killed and added: every accepted job succeeds exactly once. It runs in long runs only;
/// LOCUTOR_FLEET_JOBS=N sets the number of jobs.
/// </summary>
[Collection(Alone.Name)]
public sealed class FleetTests : IAsyncDisposable
{
    private const int Machines = 4, WorkersPerMachine = 2, Clients = 16;

    // Often enough for kills in every phase of a job, but so rarely that starting processes takes little of the time.
    private const int ShortestPause = 3_000, LongestPause = 12_000;
    private static readonly int Jobs =
        int.Parse(Environment.GetEnvironmentVariable("LOCUTOR_FLEET_JOBS") ?? "20000", CultureInfo.InvariantCulture);

    private readonly List<string> folders = [];
    private readonly List<(Process Process, string Folder)> workers = [];
    private readonly ConcurrentDictionary<string, string> accepted = new();
    private readonly ConcurrentBag<double> submits = [], polls = [];
    private int keys;

    public async ValueTask DisposeAsync()
    {
        foreach (var (process, _) in workers)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    [Fact]
    public async Task A_fleet_that_loses_and_gains_machines_ends_every_job_once()
    {
        bool asked = TestEnvironment.Long || Environment.GetEnvironmentVariable("LOCUTOR_FLEET_JOBS") is not null;
        Assert.SkipUnless(asked, "takes long: set LOCUTOR_LONG_TESTS=1, or LOCUTOR_FLEET_JOBS to a number of jobs");
        var random = TestSeed.NewRandom();
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        await using var bucket = await BucketServer.StartAsync();
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        string[] options =
        [
            .. bucket.Settings(), "--set", "workers=none", "--set", "lease_seconds=10", "--set", "max_queued_per_token=400", "--set",
            "submits_per_minute=1000000", "--set", "requests_per_minute=10000000",
        ];
        await using var first = await ServiceProcess.StartAsync(environment, options);
        await using var second = await first.StartAnotherAsync();
        using var client = first.CreateClient(TokenScopes.All);
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        AddMachines(first.Data, environment, bucket);
        var clock = Stopwatch.StartNew();
        var load = Task.WhenAll(Enumerable.Range(0, Clients).Select(number => LoadAsync([client, other], number)));
        int kills = 0;
        for (; !load.IsCompleted; kills++)
        {
            await Task.WhenAny(load, Task.Delay(random.Next(ShortestPause, LongestPause)));
            if (random.Next(4) > 0)
            {
                Replace(random.Next(workers.Count), environment, bucket);
                continue;
            }
            var node = random.Next(2) == 0 ? first : second;
            await node.KillAsync();
            await Task.Delay(random.Next(0, 2000));
            await node.StartAgainAsync();
        }
        await load;
        await CheckAsync(client, kills, clock);
    }

    private async Task CheckAsync(TokenClient client, int kills, Stopwatch clock)
    {
        accepted.Values.Distinct().Count().ShouldBe(accepted.Count, "two keys share a job");
        // Jobs run in the order of submission, so the last job of the list is one of the last to end.
        await client.EndAsync(accepted[$"fleet-{Jobs}"], 600);
        await Parallel.ForEachAsync(accepted, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (job, _) =>
            (await client.EndAsync(job.Value, 600)).GetProperty("status").GetString().ShouldBe("succeeded", job.Key));
        var took = clock.Elapsed;
        List<double> submits = [.. this.submits], polls = [.. this.polls];
        Endurance.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"fleet: seed {TestSeed.Value}, {kills} kills of nodes and workers, {accepted.Count} jobs, each ended once and succeeded in " +
            $"{took.TotalMinutes:F1} min ({accepted.Count / took.TotalSeconds:F1} per second); " +
            $"submits: median {Endurance.Percentile(submits, 0.5):F0} ms, p99 {Endurance.Percentile(submits, 0.99):F0} ms; " +
            $"polls: median {Endurance.Percentile(polls, 0.5):F0} ms, p99 {Endurance.Percentile(polls, 0.99):F0} ms"));
        // If a node is killed when a job ends, its usage is recorded by the next check of the queue, which runs every minute.
        for (clock.Restart(); await CountedAsync(client) is var counted && counted != accepted.Count; await Task.Delay(1000))
            (counted < accepted.Count && clock.Elapsed < TimeSpan.FromMinutes(3)).ShouldBeTrue($"{counted} jobs are counted");
    }

    /// <summary>Returns the number of jobs in the usage of all tokens.</summary>
    private static async Task<int> CountedAsync(TokenClient client) =>
        (await client.GetJsonAsync("/v1/usage?from=2026-01-01&to=2027-12-31")).GetProperty("rows").EnumerateArray()
            .Sum(static row => row.GetProperty("jobs").GetInt32());

    private void AddMachines(string data, Dictionary<string, string> environment, BucketServer bucket)
    {
        for (int machine = 0; machine < Machines; machine++)
        {
            string folder = Directory.CreateTempSubdirectory("locutor-machine-").FullName;
            folders.Add(folder);
            File.Copy(Path.Combine(data, ClusterCertificate.FileName), Path.Combine(folder, ClusterCertificate.FileName));
            for (int worker = 0; worker < WorkersPerMachine; worker++)
                workers.Add((Start(folder, environment, bucket), folder));
        }
    }

    private void Replace(int number, Dictionary<string, string> environment, BucketServer bucket)
    {
        var (process, folder) = workers[number];
        process.Kill();
        process.Dispose();
        workers[number] = (Start(folder, environment, bucket), folder);
    }

    private static Process Start(string folder, Dictionary<string, string> environment, BucketServer bucket)
    {
        var start = new ProcessStartInfo(ServiceProcess.StubProgram, ["worker", "--data", folder, "--set", "stub_seconds=0.1"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        foreach (string setting in bucket.Settings().Where(word => word != "--set"))
            start.Environment["LOCUTOR_" + setting.Split('=')[0].ToUpperInvariant()] = setting[(setting.IndexOf('=') + 1)..];
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Submits jobs under keys of their own, and repeats at the other node what was refused or lost.</summary>
    private async Task LoadAsync(TokenClient[] nodes, int number)
    {
        while (Interlocked.Increment(ref keys) is var key && key <= Jobs)
        {
            for (int attempt = number; !accepted.ContainsKey($"fleet-{key}"); attempt++)
            {
                var node = nodes[attempt % 2];
                if (await AskAsync(submits, () => node.Http.SendAsync(Submission($"fleet-{key}"))) is { } job)
                    accepted[$"fleet-{key}"] = job.GetProperty("id").GetString()!;
                else
                    await Task.Delay(300);
            }
            await AskAsync(polls, () => nodes[number % 2].Http.GetAsync($"/v1/jobs/{accepted[$"fleet-{key}"]}"));
        }
    }

    private static HttpRequestMessage Submission(string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
        {
            Content = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond),
        };
        request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    /// <summary>Returns the answer to a request and notes its time; null when it was refused or broke off.</summary>
    private static async Task<JsonElement?> AskAsync(ConcurrentBag<double> times, Func<Task<HttpResponseMessage>> send)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            using var response = await send();
            if (!response.IsSuccessStatusCode)
                return null;
            var answer = await TokenClient.ReadAsync(response);
            times.Add(clock.Elapsed.TotalMilliseconds);
            return answer;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            return null; // The node was killed during the request.
        }
    }
}
