using System.Diagnostics;
using System.Net;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>Jobs that crash their worker or fail on it. The tests share a service with two workers.</summary>
public sealed class CrashedWorkerTests(CrashedWorkerTests.TwoWorkers workers) : IClassFixture<CrashedWorkerTests.TwoWorkers>
{
    private const int Lease = 60;

    private readonly ServiceProcess service = workers.Service;

    [Fact]
    public async Task A_crash_costs_one_attempt_and_the_next_resumes_from_the_last_clip()
    {
        using var client = service.CreateClient(TokenScopes.All);
        // long enough to be killed and polled during the job
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "take 6 s"));
        await client.UntilAsync(id, job => job.GetProperty("progress").TryGetProperty("clip", out var clip) && clip.GetInt32() >= 2);
        using (var worker = Process.GetProcessById(await client.WorkerOfAsync(id)))
            worker.Kill();
        var clock = Stopwatch.StartNew();
        var first = await client.UntilAsync(
            id, job => job.GetProperty("attempt").GetInt32() == 2 && job.GetProperty("progress").TryGetProperty("clip", out var clip)
                && clip.GetInt32() > 0);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(Lease), "the supervisor tells at once, the lease need not run out");
        first.GetProperty("progress").GetProperty("clip").GetInt32().ShouldBeGreaterThanOrEqualTo(2, "the first clip is not made again");
        (await client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        (await client.Http.GetAsync("/healthz")).EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task The_third_crash_fails_a_job_and_other_jobs_are_served()
    {
        using var client = service.CreateClient();
        string bad = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "crash the worker"));
        string good = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var lost = await client.EndAsync(bad);
        lost.GetProperty("error").GetProperty("code").GetString().ShouldBe("worker_lost");
        lost.GetProperty("attempt").GetInt32().ShouldBe(3);
        (await client.EndAsync(good)).GetProperty("status").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task Running_out_of_memory_fails_the_job_and_keeps_the_worker_which_scalers_see()
    {
        using var client = service.CreateClient(TokenScopes.All);
        int[] before = await client.IdleWorkersAsync(2);
        string big = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "run out of memory"));
        (await client.EndAsync(big)).GetProperty("error").GetProperty("code").GetString().ShouldBe("gpu_out_of_memory");
        string small = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await client.EndAsync(small)).GetProperty("status").GetString().ShouldBe("succeeded");
        (await client.IdleWorkersAsync(2)).ShouldBe(before, ignoreOrder: true);
        service.Errors.ShouldContain($"{big} failed: gpu_out_of_memory", customMessage: "an error of a worker keeps its level");
        service.Log.ShouldNotContain("info: ");
        await CheckDemandAsync(client);
    }

    [Fact]
    public async Task A_worker_that_reports_nothing_is_killed_and_restarted()
    {
        using var client = service.CreateClient(TokenScopes.All);
        int[] stopped = await client.IdleWorkersAsync(2);
        foreach (int process in stopped) await HeldWorker.SignalAsync("STOP", process);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await client.EndAsync(id, 90)).GetProperty("status").GetString().ShouldBe("succeeded");
        (await client.IdleWorkersAsync(2)).ShouldNotContain(process => stopped.Contains(process));
        foreach (int process in stopped) service.Log.ShouldContain($"(process {process}) sent no heartbeat");
    }

    /// <summary>Scalers ask how many jobs wait for a kind of worker, and how many workers of that kind there are.</summary>
    private static async Task CheckDemandAsync(TokenClient client)
    {
        var demand = await client.GetJsonAsync("/v1/demand?models=no-such-model&memory_gib=80");
        demand.GetProperty("waiting").GetInt32().ShouldBe(0);
        demand.GetProperty("workers").GetInt32().ShouldBe(2, "a stub worker runs every model");
        using var wrong = await client.Http.GetAsync("/v1/demand?memory_gib=much");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    /// <summary>A service whose two workers are processes; a start costs more CPU time than all of these tests.</summary>
    public sealed class TwoWorkers : IAsyncLifetime
    {
        public ServiceProcess Service { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=0.1", "--set", $"lease_seconds={Lease}", "--set", "workers=cpu,cpu", "--set", "log_level=Warning");

        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }
}
