using System.Diagnostics;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

public sealed class WorkerTests
{
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
    public async Task A_silent_worker_loses_its_job_when_the_lease_runs_out()
    {
        await using var service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=2", "--set", "lease_seconds=4", "--set", "workers=cpu,cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        int frozen = await client.WorkerOfAsync(id);
        await HeldWorker.SignalAsync("STOP", frozen);
        try
        {
            var done = await client.EndAsync(id);
            done.GetProperty("status").GetString().ShouldBe("succeeded");
            done.GetProperty("attempt").GetInt32().ShouldBeGreaterThanOrEqualTo(2);
            string? video = done.GetProperty("result").GetProperty("sha256").GetString();
            await HeldWorker.SignalAsync("CONT", frozen);
            await Task.Delay(1800);
            (await client.GetJsonAsync($"/v1/jobs/{id}")).GetProperty("result").GetProperty("sha256").GetString()
                .ShouldBe(video, "the first worker is fenced off");
        }
        finally
        {
            await HeldWorker.SignalAsync("CONT", frozen);
        }
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
        int[] workers = await client.IdleWorkersAsync(3);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "running");
        // One worker runs a job, one is idle, and one is stopped.
        int working = await client.WorkerOfAsync(id);
        await HeldWorker.SignalAsync("STOP", workers.First(worker => worker != working));
        await service.KillAsync();
        for (var clock = Stopwatch.StartNew(); workers.Any(IsAlive); await Task.Delay(20))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "a worker goes on without its service");
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
}
