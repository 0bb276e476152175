using System.Net;
using Locutor.Jobs;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Api.Modal;
using Locutor.Service.Api.V1;
using Locutor.Service.Availability;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Operations;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Service.Telemetry;
using Locutor.Service.Views;
using Locutor.Service.Webhooks;
using Locutor.Service.Workers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.FileProviders;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Scalar.AspNetCore;

namespace Locutor.Service;

/// <summary>The whole service in one process: silo, endpoints, page, and the workers it starts.</summary>
public static class LocutorServer
{
    private const int LeastThreads = 48;

    /// <summary>Puts the service together; nothing listens yet.</summary>
    /// <param name="settings">What an operator can set.</param>
    /// <param name="catalog">The models that are offered.</param>
    /// <param name="embed">For a program that embeds the service: replaces the server, the lifetime and the log.</param>
    /// <exception cref="SettingsException">Settings that do not go together.</exception>
    public static WebApplication Build(ServeSettings settings, ModelCatalog catalog, Action<WebApplicationBuilder>? embed = null)
    {
        SettingsCheck.Validate(settings);
        // Syncing files and reading SQLite block their threads; with few cores the pool would answer a burst too slowly.
        ThreadPool.GetMinThreads(out var threads, out var ports);
        ThreadPool.SetMinThreads(Math.Max(threads, LeastThreads), ports);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Locutor", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseUrls([.. ListenAddresses.Parse(settings).Select(address => address.ToString())]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = (long)(settings.MaxRequestMb * 1e6);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        Logs.Configure(builder.Logging, settings);
        builder.Services.AddRoutingCore();
        builder.Services.ConfigureHttpJsonOptions(json => Problems.Configure(json.SerializerOptions));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(settings.DrainSeconds + 30));
        AddParts(builder, settings, catalog);
        AddTelemetry(builder);
        builder.Services.AddOpenApi("v1", ApiDocument.Configure);
        embed?.Invoke(builder);
        var app = builder.Build();
        // Here and not when the database is first used: nothing of a second service may start in the same folder.
        app.Services.GetService<FolderLock>();
        // The parts of a service that is half started would fail one after the other and hide the reason. An embedded one listens on no address.
        if (embed is null && ListenAddresses.Faults(settings) is [var fault, ..])
            throw new IOException($"{fault.Text}; {fault.Advice}");
        app.Services.GetRequiredService<DiskQuota>().Show(app.Services.GetRequiredService<JobsMetrics>());
        Map(app);
        return app;
    }

    private static void AddParts(WebApplicationBuilder builder, ServeSettings settings, ModelCatalog catalog)
    {
        var services = builder.Services;
        var folder = new DataFolder(settings);
        var cluster = new ClusterOptions
        {
            DataFolder = folder.Root,
            Postgres = settings.Postgres,
            Address = settings.ClusterAddress,
            Certificate = CertificateOf(settings),
            SiloPort = settings.SiloPort > 0 ? settings.SiloPort : FreePort.Take(),
            GatewayPort = settings.GatewayPort > 0 ? settings.GatewayPort : FreePort.Take(),
        };
        builder.AddJobs(cluster, new JobsOptions
        {
            Lease = TimeSpan.FromSeconds(settings.LeaseSeconds),
            MaxQueued = settings.MaxQueued,
            MaxQueuedPerToken = settings.MaxQueuedPerToken,
            KeepResults = TimeSpan.FromDays(settings.KeepDays),
        });
        services.AddSingleton(settings).AddSingleton(folder).AddSingleton(_ => FileStores.Of(settings, folder)).AddSingleton(cluster).AddSingleton(catalog);
        services.AddSingleton(services => new AddressGuard(services.GetRequiredService<ServeSettings>()));
        services.AddSingleton<UrlFetcher>().AddSingleton<MediaInspector>().AddSingleton<InputStore>();
        services.AddSingleton<FetchInput>(services => (job, input, cancellation) =>
            services.GetRequiredService<InputStore>().FetchAsync(job, input.Field, input.Url!, InputStore.Expected(input.Field), cancellation));
        services.AddSingleton<TokenReader>().AddSingleton<TokenLimits>().AddSingleton<DiskQuota>();
        services.AddSingleton<JobSubmitter>().AddSingleton<SubmissionReader>().AddSingleton<JobViews>().AddSingleton<ModalEndpoints>();
        services.AddSingleton<RevokedTokens>();
        // First of all, so that nothing is done with a store that is not ours.
        services.AddSingleton<StoreIdentity>().AddHostedService<StoreAgreement>();
        services.AddSingleton<Drain>().AddSingleton<IHostLifetime, DrainLifetime>();
        services.AddSingleton<Readiness>().AddHostedService(services => services.GetRequiredService<Readiness>());
        services.AddHostedService<Janitor>();
        services.AddHostedService<InputFetchService>().AddHostedService<WebhookSender>().AddHostedService<WorkerSupervisor>();
    }

    /// <summary>On this machine alone a certificate is made when it is needed. Several machines need the same one, so somebody has to copy it.</summary>
    internal static ClusterCertificate? CertificateOf(ServeSettings settings)
    {
        if (!settings.ClusterTls)
            return null;
        return IPAddress.IsLoopback(settings.ClusterAddress)
            ? ClusterCertificate.LoadOrCreate(settings.CertificateFile)
            : ClusterCertificate.Load(settings.CertificateFile);
    }

    private static void AddTelemetry(WebApplicationBuilder builder)
    {
        builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("locutor")).WithMetrics(metrics => metrics
            .AddMeter(JobsMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
            .AddRuntimeInstrumentation().AddPrometheusExporter());
        Tracing.Add(builder);
    }

    private static void Map(WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseMiddleware<AccessLog>();
        app.UseMiddleware<Failures>();
        app.UseSeedHosts();
        app.UseRouting();
        app.UseMiddleware<AccessMiddleware>();
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new PhysicalFileProvider(PageFolder.Path),
            OnPrepareResponse = static context => context.Context.Response.Headers.CacheControl = "no-cache",
        });
        ModalEndpoints.Map(app);
        var v1 = app.MapGroup("/v1");
        JobsEndpoints.Map(v1);
        FilesEndpoints.Map(v1);
        ServiceEndpoints.Map(v1);
        app.MapGet("/healthz", () => Results.Text("ok")).ExcludeFromDescription();
        app.MapGet("/readyz", Readiness.Answer).ExcludeFromDescription();
        app.MapPrometheusScrapingEndpoint("/metrics").Needs(TokenScopes.Operate, openOnLoopback: true);
        app.MapOpenApi("/openapi.json");
        app.MapScalarApiReference("/docs/scalar");
    }
}
