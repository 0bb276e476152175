using System.Net;
using Locutor.Jobs;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using Locutor.Service.Api.Mcp;
using Locutor.Service.Api.Modal;
using Locutor.Service.Api.OpenAi;
using Locutor.Service.Api.V1;
using Locutor.Service.Availability;
using Locutor.Service.Conversions;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Live;
using Locutor.Service.Operations;
using Locutor.Service.Settings;
using Locutor.Service.Speech;
using Locutor.Service.Submissions;
using Locutor.Service.Telemetry;
using Locutor.Service.Views;
using Locutor.Service.Webhooks;
using Locutor.Service.Workers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Scalar.AspNetCore;

namespace Locutor.Service;

/// <summary>The service in one process: the Orleans silo, the endpoints, the web page, and the workers that it starts.</summary>
public static class LocutorServer
{
    private const int LeastThreads = 48;

    /// <summary>Builds the service. It does not listen on any address until it is started.</summary>
    /// <param name="configuration">The settings, in the section <see cref="SettingsConfiguration.Section"/>.</param>
    /// <param name="catalog">The models that the service offers.</param>
    /// <param name="embed">For a program that embeds the service: replaces the web server, the lifetime and the log.</param>
    /// <exception cref="SettingsException">A setting is unknown or out of range, or settings contradict each other.</exception>
    public static WebApplication Build(IConfiguration configuration, ModelCatalog catalog, Action<WebApplicationBuilder>? embed = null)
    {
        var settings = SettingsTable.Read(configuration);
        SettingsCheck.Validate(settings);
        // Disk syncs and SQLite reads block their threads. With few cores the thread pool would grow too slowly for a burst of requests.
        ThreadPool.GetMinThreads(out int threads, out int ports);
        ThreadPool.SetMinThreads(Math.Max(threads, LeastThreads), ports);
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ApplicationName = "Locutor", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrelCore().UseUrls([.. ListenAddresses.Parse(settings).Select(address => address.ToString())]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = (long)(settings.MaxRequestMb * 1e6);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            UnreadableRequests.Use(kestrel);
        });
        Logs.Configure(builder.Logging, settings);
        builder.Services.AddRoutingCore();
        builder.Services.ConfigureHttpJsonOptions(json => Problems.Configure(json.SerializerOptions));
        builder.Services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true); // Failures words the answer
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(settings.DrainSeconds + 30));
        AddParts(builder, settings, catalog);
        AddTelemetry(builder);
        builder.Services.AddCors();
        McpEndpoint.Add(builder.Services);
        builder.Services.AddOpenApi("v1", ApiDocument.Configure);
        embed?.Invoke(builder);
        var app = builder.Build();
        // Taken before the first use of the database, so that no part of a second service starts in this folder.
        app.Services.GetService<FolderLock>();
        // Checked first, since a partly started service would fail in many parts and hide the reason. An embedded service listens on no
        // address.
        if (embed is null && ListenAddresses.Faults(settings) is [var fault, ..])
            throw new IOException($"{fault.Text}; {fault.Advice}");
        // This runs before the first metric: a counter that starts at 0 without a listener would be missing until its first event.
        app.Services.GetRequiredService<MeterProvider>();
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
        SettingsOptions.Add(services);
        services.AddSingleton<IValidateOptions<ServeSettings>, SettingsCheck>();
        services.AddSingleton(catalog).AddSingleton(folder).AddSingleton(_ => FileStores.Create(settings, folder)).AddSingleton(cluster);
        services.AddSingleton(services => new AddressGuard(services.GetRequiredService<ServeSettings>()));
        services.AddSingleton(_ => SpeechVoices.Create(settings)).AddSingleton<SpokenInputs>().AddSingleton<VideoConversions>();
        services.AddSingleton<UrlFetcher>().AddSingleton<MediaInspector>().AddSingleton<InputStore>().AddSingleton<InputCheck>();
        services.AddSingleton<FetchInput>(services => (job, input, cancellationToken) =>
            services.GetRequiredService<InputStore>().FetchAsync(
                job, input.Field, input.Url!, InputStore.Expected(input.Field), cancellationToken));
        services.AddSingleton<TokenReader>().AddSingleton<LookupGate>().AddSingleton<SignedLinks>().AddSingleton<OidcTokens>();
        services.AddSingleton<TokenLimits>().AddSingleton<MonthQuota>();
        services.AddSingleton<DiskQuota>();
        services.AddSingleton<JobSubmitter>().AddSingleton<JobRepeater>().AddSingleton<SubmissionReader>()
            .AddSingleton<DefaultParts>().AddSingleton<JobIntake>();
        services.AddSingleton<JobViews>().AddSingleton<LiveVideos>().AddSingleton<ModalEndpoints>();
        services.AddSingleton<RevokedTokens>();
        // Registered first, so that nothing uses a store that belongs to another service.
        services.AddSingleton<StoreIdentity>().AddHostedService<StoreAgreement>();
        services.AddSingleton<Drain>().AddSingleton<IHostLifetime, DrainLifetime>();
        services.AddSingleton<Readiness>().AddHostedService(services => services.GetRequiredService<Readiness>());
        services.AddHostedService<Janitor>();
        services.AddHostedService<InputFetchService>().AddHostedService<WebhookSender>().AddHostedService<WorkerSupervisor>();
    }

    /// <summary>
    /// Returns the certificate of the cluster. For one machine it is created when needed. Several machines share one, which an operator
    /// has to copy.
    /// </summary>
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

    /// <summary>
    /// Allows pages of the configured origins to call the API. They send a token in a header; the cookie of this service's own page is
    /// never accepted from them.
    /// </summary>
    private static void UseCors(WebApplication app)
    {
        string[] origins = [.. app.Services.GetRequiredService<ServeSettings>().CorsOrigins];
        if (origins.Length == 0)
            return;
        app.UseCors(policy => policy.WithOrigins(origins).AllowAnyMethod().AllowAnyHeader().WithExposedHeaders(
            "Location", "Retry-After", "Idempotency-Replayed", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
            "Content-Disposition", "Content-Range", "ETag", "Trace-Id").SetPreflightMaxAge(TimeSpan.FromHours(1)));
    }

    private static void Map(WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseMiddleware<AccessLog>();
        app.UseMiddleware<Failures>();
        app.UseModalHosts();
        app.UseRouting();
        UseCors(app);
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
        InputsEndpoints.Map(v1);
        LiveEndpoints.Map(v1);
        ServiceEndpoints.Map(v1);
        SpeechEndpoints.Map(v1);
        LinksEndpoints.Map(v1);
        UsageEndpoints.Map(v1);
        OperateEndpoints.Map(v1);
        BatchEndpoint.Map(v1);
        OpenAiEndpoints.Map(v1);
        McpEndpoint.Map(app);
        app.MapGet("/healthz", () => Results.Text("ok")).ExcludeFromDescription();
        app.MapGet("/readyz", Readiness.Answer).ExcludeFromDescription();
        app.MapGet("/ping", Readiness.Ping).ExcludeFromDescription();
        app.MapPrometheusScrapingEndpoint("/metrics").Needs(TokenScopes.Operate, openOnLoopback: true);
        app.MapOpenApi("/openapi.json");
        app.MapScalarApiReference("/docs/scalar");
    }
}
