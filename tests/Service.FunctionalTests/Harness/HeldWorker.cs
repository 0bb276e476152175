using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// A worker that was stopped (SIGSTOP) in the middle of its job, so that the job stays unfinished. The service ends a worker that is
/// silent for 20 seconds.
/// </summary>
public sealed class HeldWorker
{
    private readonly int process;

    private HeldWorker(int process) => this.process = process;

    /// <summary>Waits until the service tells clients of the first clip, and stops the worker of the job.</summary>
    public static Task<HeldWorker> HoldAsync(TokenClient client, string job) =>
        HoldAsync(client, job, static view => view.TryGetProperty("live", out _));

    /// <summary>Waits for the first clip, at its place in the store, and stops the worker of the job.</summary>
    /// <param name="stored">Whether the first clip is stored.</param>
    public static async Task<HeldWorker> HoldAsync(TokenClient client, string job, Func<bool> stored)
    {
        var worker = new HeldWorker(await client.WorkerOfAsync(job));
        for (var clock = Stopwatch.StartNew(); !stored(); await Task.Delay(2))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120), "no clip was stored");
        await SignalAsync("STOP", worker.process);
        return worker;
    }

    /// <summary>Waits until a job runs, and stops its worker.</summary>
    public static Task<HeldWorker> HoldRunningAsync(TokenClient client, string job) =>
        HoldAsync(client, job, static view => view.GetProperty("status").GetString() == "running");

    /// <summary>Waits until a worker has a job, and stops it.</summary>
    public static async Task<HeldWorker> HoldBusyAsync(TokenClient client, int process)
    {
        await client.UntilWorkerAsync(
            worker => worker.GetProperty("process").GetInt32() == process && worker.TryGetProperty("job", out var job)
                && job.ValueKind is JsonValueKind.String);
        var held = new HeldWorker(process);
        await SignalAsync("STOP", process);
        return held;
    }

    /// <summary>Waits until a running job meets a condition, and stops its worker.</summary>
    public static async Task<HeldWorker> HoldAsync(TokenClient client, string job, Func<JsonElement, bool> reached)
    {
        var worker = new HeldWorker(await client.WorkerOfAsync(job));
        await client.UntilAsync(job, reached);
        await SignalAsync("STOP", worker.process);
        return worker;
    }

    public Task ContinueAsync() => SignalAsync("CONT", process);

    /// <summary>kill -9.</summary>
    public Task KillAsync() => SignalAsync("KILL", process);

    /// <summary>Sends a signal, as <c>kill</c> does.</summary>
    public static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
