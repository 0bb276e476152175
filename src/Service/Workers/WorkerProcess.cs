using System.Runtime.InteropServices;
using Locutor.Files;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Service.Files;
using Locutor.Service.Settings;
using Locutor.Service.Telemetry;

namespace Locutor.Service.Workers;

/// <summary>
/// The main program of a worker. It joins the cluster as a client, runs jobs, and ends gracefully on SIGTERM or when its parent asks for
/// it.
/// </summary>
public static class WorkerProcess
{
    /// <summary>The line on standard input that asks an attached worker to finish and end.</summary>
    public const string DrainLine = "drain";

    /// <summary>The exit code of a worker that an operator retired: it is not started again.</summary>
    public const int RetiredCode = 20;

    private static readonly TimeSpan SignOffPatience = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Runs until the worker is asked to stop. Returns the exit code: 0, or <see cref="RetiredCode"/>.
    /// </summary>
    public static async Task<int> RunAsync(WorkerOptions options, Func<WorkerOptions, IVideoRunner> makeRunner)
    {
        if (options.Id.Length == 0)
            options = options with { Id = $"{Environment.MachineName}/{Guid.NewGuid():N}" };
        // Not disposed, since the parent may write lines until the process ends.
        var drain = new CancellationTokenSource();
        using var abort = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            (drain.IsCancellationRequested ? abort : drain).Cancel();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        if (options.Attached)
        {
            ParentWatch.Start(line =>
            {
                if (line == DrainLine)
                    drain.Cancel();
            });
            _ = Task.Run(() => WorkerPulse.PrintAsync(CancellationToken.None));
        }

        using var certificate = options.Settings.ClusterTls ? ClusterCertificate.Load(options.Settings.CertificateFile) : null;
        using var host = BuildHost(options, certificate);
        if (!await StartAsync(host, drain.Token))
            ProcessEnd.Now(0); // A client whose node does not answer cannot be stopped.
        await using var runner = makeRunner(options);
        var folder = new DataFolder(options.Settings);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var loop = new WorkerLoop(
            grains, runner, folder, FileStores.Create(options.Settings, folder), options, TimeProvider.System,
            host.Services.GetRequiredService<ILogger<WorkerLoop>>());
        bool isRetired = await loop.RunAsync(drain.Token, abort.Token);
        if (!options.Attached && !abort.IsCancellationRequested)
            await SignOffAsync(grains, options.Id);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(abort.IsCancellationRequested ? 1 : 10));
        await host.StopAsync(patience.Token);
        return isRetired ? RetiredCode : 0;
    }

    /// <summary>Connects the worker with a node; false if it is asked to stop in the meantime.</summary>
    private static async Task<bool> StartAsync(IHost host, CancellationToken stoppingToken)
    {
        using var asked = new CancellationTokenSource();
        var life = host.Services.GetRequiredService<IHostApplicationLifetime>();
        await using var registration = stoppingToken.Register(() =>
        {
            life.StopApplication(); // before the connection is closed, which would be logged as a failure
            asked.Cancel();
        });
        try
        {
            await host.StartAsync(asked.Token).WaitAsync(asked.Token);
            return true;
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested) // StopApplication ends the start too, before asked is canceled
        {
            return false;
        }
    }

    /// <summary>Removes this worker from the list of workers. The parent of an attached worker does it for that one.</summary>
    private static async Task SignOffAsync(IGrainFactory grains, string id)
    {
        var gone = grains.GetGrain<IQueueGrain>(IQueueGrain.Key).WorkersGoneAsync(id, "");
        await gone.WaitAsync(SignOffPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static IHost BuildHost(WorkerOptions options, ClusterCertificate? certificate)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        Logs.Configure(builder.Logging, options.Settings);
        // The main program reports a failed start. A start that was stopped is not a failure.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.AddJobsClient(options.Gateways, options.Settings.Postgres, certificate);
        Tracing.Add(builder);
        return builder.Build();
    }
}
