using Locutor.Generation.Loading;
using Locutor.Service;
using Locutor.Service.Availability;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Locutor.AspNetCore;

/// <summary>
/// Runs the service inside another program, with its own dependency injection container, routes and lifetime, so that neither interferes
/// with the other. They share the log and the connections.
/// </summary>
internal sealed class ServiceHost(IOptions<LocutorOptions> options, IOptions<HostOptions> host, ILoggerFactory loggers)
    : IHostedLifecycleService, IDisposable
{
    /// <summary>Time in which the service closes after the worker has handed its job back.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    private readonly EmbeddedServer server = new();
    private WebApplication? inner;
    private long largestRequest;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // The host stops waiting after its ShutdownTimeout (default: 30 s), and a job that is still being made would be lost.
        var needed = options.Value.DrainTime + Slack;
        if (host.Value.ShutdownTimeout != Timeout.InfiniteTimeSpan && host.Value.ShutdownTimeout < needed)
            host.Value.ShutdownTimeout = needed;
        return Task.CompletedTask;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var configuration = OptionsMapping.ToConfiguration(options.Value);
        var settings = SettingsTable.Read(configuration);
        largestRequest = (long)(settings.MaxRequestMb * 1e6);
        inner = LocutorServer.Build(configuration, ModelCatalog.FromDisk(settings), builder =>
        {
            builder.Logging.ClearProviders().AddProvider(new OuterLog(loggers));
            builder.Services.AddSingleton<IServer>(server);
            builder.Services.AddSingleton<IHostLifetime, OuterLifetime>();
            builder.Services.AddSingleton(new WorkerOptions
            {
                Settings = settings,
                Id = $"{Environment.MachineName}/{Guid.NewGuid():N}",
                Device = DeviceFinder.Find(options.Value.Device).ToString(),
                Model = settings.Model,
                Store = settings.Store,
                Precision = (Precision)options.Value.Precision,
                VramBudget = options.Value.MemoryBudget,
                Drain = options.Value.DrainTime,
                LongestRun = TimeSpan.FromHours(settings.JobHours),
                LongestStall = TimeSpan.FromMinutes(settings.StallMinutes),
            });
            builder.Services.AddHostedService<LocalWorker>();
        });
        await inner.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Finishes the job in work and closes the service while the program still has its connections: a web server waits for open event
    /// streams, which end with the service.
    /// </summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (inner is null) return;
        inner.Services.GetRequiredService<Drain>().Begin();
        var work = inner.Services.GetServices<IHostedService>().OfType<LocalWorker>().Select(worker => worker.ExecuteTask);
        await Task.WhenAll(work.OfType<Task>()).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await inner.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (inner is not null) await inner.DisposeAsync().ConfigureAwait(false);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => server.Dispose();

    /// <summary>Answers a request of the embedding program.</summary>
    public Task HandleAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = largestRequest;
        return server.HandleAsync(context);
    }

    /// <summary>Ignores signals: the embedding program decides when to stop.</summary>
    private sealed class OuterLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class OuterLog(ILoggerFactory loggers) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => loggers.CreateLogger(categoryName);

        public void Dispose() { }
    }
}
