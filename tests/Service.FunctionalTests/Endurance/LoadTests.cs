using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Endurance;

/// <summary>Many clients at once, and a long queue. Loopback only, bounded in number and time.</summary>
[Collection(Alone.Name)]
public sealed class LoadTests
{
    private static readonly string[] Unlimited =
        [
            "--set", "max_queued_per_token=100000", "--set", "submits_per_minute=10000000", "--set", "requests_per_minute=100000000",
            "--set", "log_level=Warning"
        ];

    private readonly ConcurrentBag<double> submits = [];
    private readonly ConcurrentBag<double> polls = [];
    private readonly ConcurrentBag<string> accepted = [];
    private readonly ConcurrentBag<string> errors = [];

    [Fact]
    public async Task Many_clients_submit_and_poll_without_an_error()
    {
        int clients = Endurance.Choose(40, 200);
        int seconds = Endurance.Choose(4, 60);
        await using var service = await ServiceProcess.StartAsync(["--set", "stub_seconds=0", "--set", "workers=cpu", .. Unlimited]);
        using var client = service.CreateClient(TokenScopes.All);
        await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));
        // A new service first compiles its code, so the measurement begins after some requests.
        ThreadPool.SetMinThreads(64, 64);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, clients),
            async (_, _) => await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond), 240));
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var memory = MemoryAsync(service.ProcessId, over.Token);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(number => ClientAsync(client, number, over.Token)));
        var (early, late) = await memory;
        errors.ShouldBeEmpty();
        foreach (string id in accepted)
            (await client.EndAsync(id, 240)).GetProperty("status").GetString().ShouldBe("succeeded");
        double submit = Endurance.Percentile([.. submits], 0.99), poll = Endurance.Percentile([.. polls], 0.99);
        Endurance.Say($"load: {clients} clients, {seconds} s: {submits.Count} submits "
            + $"(median {Endurance.Percentile([.. submits], 0.5):F1} ms, p99 {submit:F1} ms), "
            + $"{polls.Count} polls (median {Endurance.Percentile([.. polls], 0.5):F1} ms, p99 {poll:F1} ms), no error; "
            + $"memory {early:F0} MB after a third, {late:F0} MB at the end");
        if (Endurance.Long)
        {
            poll.ShouldBeLessThan(50);
            submit.ShouldBeLessThan(200);
            late.ShouldBeLessThan(early * 1.25 + 20);
        }
    }

    [Fact]
    public async Task A_long_queue_is_listed_and_drained_without_loss()
    {
        int count = Endurance.Choose(400, 10_000);
        string[] options = ["--set", "stub_seconds=0", "--set", "workers=none", .. Unlimited];
        // Only a long run reports times.
        await using TestedService service = Endurance.Long
            ? await ServiceProcess.StartAsync(options)
            : await LocalService.StartAsync(options);
        using var client = service.CreateClient(TokenScopes.All);
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (_, _) =>
            accepted.Add(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond)));
        double submitted = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var queued = await ListAsync(client, "queued");
        double listed = clock.Elapsed.TotalSeconds;
        queued.Order().ShouldBe(accepted.Order());
        await StopAsync(service);
        clock.Restart();
        await using var again = await StartAgainAsync(service, "--set", "workers=cpu,cpu");
        double restarted = clock.Elapsed.TotalSeconds;
        clock.Restart();
        while ((await client.GetJsonAsync("/v1/workers")) is var state
            && state.GetProperty("queued").GetInt32() + state.GetProperty("running").GetInt32() > 0)
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60 + count / 5.0));
            await Task.Delay(100);
        }
        double drained = clock.Elapsed.TotalSeconds;
        (await ListAsync(client, "succeeded")).Order().ShouldBe(accepted.Order());
        Endurance.Say(
            $"queue: {count} jobs submitted in {submitted:F1} s, listed in {listed:F1} s, ready again after a restart in " +
            $"{restarted:F1} s, drained by two workers in {drained:F1} s, none lost");
    }

    private static Task StopAsync(TestedService service) =>
        service is ServiceProcess process ? process.TerminateAsync() : ((LocalService)service).StopAsync();

    private static async Task<TestedService> StartAgainAsync(TestedService service, params string[] more)
    {
        if (service is not ServiceProcess process)
            return await LocalService.TakeOverAsync(service, more);
        await process.StartAgainAsync(more);
        return process;
    }

    private async Task ClientAsync(TokenClient client, int number, CancellationToken cancellationToken)
    {
        await Task.Delay(number * 37 % 5000, CancellationToken.None);
        while (!cancellationToken.IsCancellationRequested)
        {
            long from = Stopwatch.GetTimestamp();
            using var response = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond);
            submits.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
            if (response.StatusCode is not HttpStatusCode.Accepted)
            {
                errors.Add($"submit: {(int)response.StatusCode}");
                continue;
            }
            string id = (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!;
            accepted.Add(id);
            // Clients poll once per second, which is more often than most clients do.
            for (int poll = 0; poll < 8 && !cancellationToken.IsCancellationRequested; poll++)
            {
                await Task.Delay(1000, CancellationToken.None);
                from = Stopwatch.GetTimestamp();
                using var head = await client.Http.SendAsync(
                    new HttpRequestMessage(HttpMethod.Head, $"/?call_id={id}"), CancellationToken.None);
                polls.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
                if (head.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.OK))
                    errors.Add($"poll: {(int)head.StatusCode}");
            }
        }
    }

    private static async Task<(double Early, double Late)> MemoryAsync(int process, CancellationToken cancellationToken)
    {
        var samples = new List<double>();
        while (!cancellationToken.IsCancellationRequested)
        {
            samples.Add(Endurance.MemoryOf(process));
            await Task.Delay(500, CancellationToken.None);
        }
        return (samples[samples.Count / 3], samples[^1]);
    }

    private static async Task<List<string>> ListAsync(TokenClient client, string status)
    {
        var listed = new List<string>();
        string? cursor = null;
        do
        {
            var part = await client.GetJsonAsync($"/v1/jobs?limit=100&status={status}{(cursor is null ? "" : "&cursor=" + cursor)}");
            listed.AddRange(part.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString()!));
            cursor = part.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return listed;
    }
}
