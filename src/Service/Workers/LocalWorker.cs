using Locutor.Service.Availability;
using Locutor.Service.Files;


namespace Locutor.Service.Workers;

/// <summary>
/// A worker inside the process of the service, for programs that embed the service. It needs no separate process, but a crash in the native
/// code of the networks ends the whole program.
/// </summary>
public sealed class LocalWorker(
    IGrainFactory grains, DataFolder folder, IFileStore store, WorkerOptions options, Drain drain, TimeProvider time,
    ILogger<WorkerLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // Lets the service start in the meantime.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, drain.Begun);
        await using var runner = VideoRunners.Create(options);
        await new WorkerLoop(grains, runner, folder, store, options, time, logger).RunAsync(stopping.Token, CancellationToken.None);
    }
}
