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

    /// <summary>Waits for the first clip of the job and stops its worker.</summary>
    /// <param name="published">Whether the first clip was published.</param>
    public static async Task<HeldWorker> HoldAsync(TokenClient client, string job, Func<bool> published)
    {
        var worker = new HeldWorker(await client.WorkerOfAsync(job));
        for (var clock = Stopwatch.StartNew(); !published(); await Task.Delay(2))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120), "no clip was published");
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
