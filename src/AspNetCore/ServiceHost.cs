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
internal sealed class ServiceHost(IOptions<LocutorOptions> options, ILoggerFactory loggers) : IHostedService, IDisposable
{
    private readonly EmbeddedServer server = new();
    private WebApplication? inner;
    private long largestRequest;

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

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (inner is null) return;
        inner.Services.GetRequiredService<Drain>().Begin();
        await inner.StopAsync(cancellationToken).ConfigureAwait(false);
        await inner.DisposeAsync().ConfigureAwait(false);
    }

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
