using System.Diagnostics;
using System.Globalization;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// A worker that was stopped (SIGSTOP) as soon as the first clip of its job could be watched, so that the job stays unfinished.
/// </summary>
public sealed class HeldWorker
{
    private readonly int process;

    private HeldWorker(int process) => this.process = process;

    /// <summary>Waits until the service tells clients of the first clip, and stops the worker of the job.</summary>
    public static async Task<HeldWorker> HoldAsync(TokenClient client, string job)
    {
        var worker = new HeldWorker(await client.WorkerOfAsync(job));
        await client.UntilAsync(job, view => view.TryGetProperty("live", out _), 120);
        await worker.SignalAsync("STOP");
        return worker;
    }

    /// <summary>Waits for the first clip, at its place in the store, and stops the worker of the job.</summary>
    /// <param name="stored">Whether the first clip is stored.</param>
    public static async Task<HeldWorker> HoldAsync(TokenClient client, string job, Func<bool> stored)
    {
        var worker = new HeldWorker(await client.WorkerOfAsync(job));
        for (var clock = Stopwatch.StartNew(); !stored(); await Task.Delay(2))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120), "no clip was stored");
        await worker.SignalAsync("STOP");
        return worker;
    }

    public Task ContinueAsync() => SignalAsync("CONT");

    /// <summary>kill -9.</summary>
    public Task KillAsync() => SignalAsync("KILL");

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
