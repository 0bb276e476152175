using System.Diagnostics;
using System.Globalization;
using System.Net;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

public sealed class WorkerTests
{
    private const int Lease = 60;

    [Fact]
    public async Task A_crash_costs_one_attempt_and_the_next_resumes_from_the_last_clip()
    {
        // long enough to be killed and polled during the job
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=6", "--set", $"lease_seconds={Lease}");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.UntilAsync(id, job => job.GetProperty("progress").TryGetProperty("clip", out var clip) && clip.GetInt32() >= 2);
        using (var worker = Process.GetProcessById(await client.WorkerOfAsync()))
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
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=0.1", "--set", "workers=cpu,cpu");
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
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=0.1", "--set", "log_level=Warning");
        using var client = service.CreateClient(TokenScopes.All);
        string big = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "run out of memory"));
        (await client.EndAsync(big)).GetProperty("error").GetProperty("code").GetString().ShouldBe("gpu_out_of_memory");
        int process = await client.WorkerOfAsync();
        string small = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await client.EndAsync(small)).GetProperty("status").GetString().ShouldBe("succeeded");
        (await client.WorkerOfAsync()).ShouldBe(process);
        service.Errors.ShouldContain($"{big} failed: gpu_out_of_memory", customMessage: "an error of a worker keeps its level");
        service.Log.ShouldNotContain("info: ");
        await CheckDemandAsync(client);
    }

    /// <summary>Scalers ask how many jobs wait for a kind of worker, and how many workers of that kind there are.</summary>
    private static async Task CheckDemandAsync(TokenClient client)
    {
        var demand = await client.GetJsonAsync("/v1/demand?models=no-such-model&memory_gib=80");
        demand.GetProperty("waiting").GetInt32().ShouldBe(0);
        demand.GetProperty("workers").GetInt32().ShouldBe(1, "a stub worker runs every model");
        using var wrong = await client.Http.GetAsync("/v1/demand?memory_gib=much");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Stopping_hands_a_long_job_back_without_counting_it_and_a_restart_finishes_it()
    {
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=600", "--set", "drain_seconds=0.5");
        using var client = service.CreateClient();
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "running");
        using var watching = await client.Http.GetAsync($"/v1/jobs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        var clock = Stopwatch.StartNew();
        (await service.TerminateAsync()).ShouldBe(0);
        clock.Elapsed.ShouldBeLessThan(
            TimeSpan.FromSeconds(Endurance.Endurance.Choose(28, 6)),
            "a stop waits for the job's half second, and neither for watchers nor for idle waits");
        (await watching.Content.ReadAsStringAsync()).ShouldContain("event: progress");
        await using var next = await LocalService.TakeOverAsync(service, "--set", "stub_seconds=0.5");
        var done = await client.EndAsync(id);
        done.GetProperty("status").GetString().ShouldBe("succeeded");
        done.GetProperty("attempt").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task Stopping_lets_a_short_job_finish()
    {
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=1.5", "--set", "drain_seconds=30");
        using var client = service.CreateClient();
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "running");
        (await service.TerminateAsync()).ShouldBe(0);
        service.Log.Split('\n').ShouldNotContain(line => line.Contains("warn: ") && line.Contains("loading the open jobs"));
        await using var next = await LocalService.TakeOverAsync(service, "--set", "workers=none");
        var done = await client.GetJsonAsync($"/v1/jobs/{id}");
        done.GetProperty("status").GetString().ShouldBe("succeeded");
        done.GetProperty("attempt").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task A_silent_worker_loses_its_job_when_the_lease_runs_out()
    {
        await using var service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=2", "--set", "lease_seconds=4", "--set", "workers=cpu,cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        int frozen = await client.WorkerOfAsync(id);
        await SignalAsync("-STOP", frozen);
        try
        {
            var done = await client.EndAsync(id);
            done.GetProperty("status").GetString().ShouldBe("succeeded");
            done.GetProperty("attempt").GetInt32().ShouldBeGreaterThanOrEqualTo(2);
            string? video = done.GetProperty("result").GetProperty("sha256").GetString();
            await SignalAsync("-CONT", frozen);
            await Task.Delay(1800);
            (await client.GetJsonAsync($"/v1/jobs/{id}")).GetProperty("result").GetProperty("sha256").GetString()
                .ShouldBe(video, "the first worker is fenced off");
        }
        finally
        {
            await SignalAsync("-CONT", frozen);
        }
    }

    [Fact]
    public async Task A_worker_that_reports_nothing_is_killed_and_restarted()
    {
        await using var service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=0.2", "--set", "lease_seconds=2", "--set", "workers=cpu");
        using var client = service.CreateClient(TokenScopes.All);
        await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));
        int stopped = await client.WorkerOfAsync();
        await SignalAsync("-STOP", stopped);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await client.EndAsync(id, 90)).GetProperty("status").GetString().ShouldBe("succeeded");
        service.Log.ShouldContain("sent no heartbeat");
    }

    [Fact]
    public async Task An_attempt_without_progress_ends_and_the_worker_takes_other_jobs()
    {
        await using var service = await LocalService.StartAsync(
            "--set", "stub_seconds=0.2", "--set", "stall_minutes=0.05", "--set", "workers=cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string stalled = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "stall"));
        string next = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var error = (await client.EndAsync(stalled)).GetProperty("error");
        error.GetProperty("code").GetString().ShouldBe("timeout");
        error.GetProperty("message").GetString()!.ShouldContain("in the stage encoding");
        (await client.EndAsync(next)).GetProperty("status").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task No_worker_outlives_a_service_that_was_killed()
    {
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=60", "--set", "workers=cpu,cpu,cpu");
        using var client = service.CreateClient(TokenScopes.All);
        int[] workers = await WorkersAsync(client, 3);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "running");
        // One worker runs a job, one is idle, and one is stopped.
        int working = await client.WorkerOfAsync(id);
        await SignalAsync("-STOP", workers.First(worker => worker != working));
        await service.KillAsync();
        for (var clock = Stopwatch.StartNew(); workers.Any(IsAlive); await Task.Delay(20))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "a worker goes on without its service");
    }

    private static async Task<int[]> WorkersAsync(TokenClient client, int count)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            int[] workers = (await client.GetJsonAsync("/v1/workers")).GetProperty("workers").EnumerateArray()
                .Where(worker => worker.GetProperty("state").GetString() == "idle")
                .Select(worker => worker.GetProperty("process").GetInt32()).ToArray();
            if (workers.Length == count)
                return workers;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "the workers do not come");
        }
    }

    /// <summary>Whether a process runs; a zombie (ended, but not yet waited for by its parent) does not.</summary>
    private static bool IsAlive(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1][0] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", [signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
