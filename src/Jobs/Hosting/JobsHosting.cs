using System.Data.Common;
using System.Net;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Storage;

namespace Locutor.Jobs.Hosting;

/// <summary>Where jobs are stored and how the parts of a cluster find each other.</summary>
public sealed record ClusterOptions
{
    /// <summary>Folder of the SQLite file. Ignored when <see cref="Postgres"/> is set.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Connection string of a PostgreSQL database that several machines share.</summary>
    public string? Postgres { get; init; }

    /// <summary>Address that other parts of the cluster reach this process at.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The certificate that nodes and workers show each other; without one their connections are open.</summary>
    public ClusterCertificate? Certificate { get; init; }

    public int SiloPort { get; init; } = 11_111;
    public int GatewayPort { get; init; } = 30_000;
}

/// <summary>Puts the job service into a host.</summary>
public static class JobsHosting
{
    internal const string ClusterId = "locutor";
    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromSeconds(5);

    /// <summary>One silo in this process, with its storage and the tokens.</summary>
    public static void AddJobs(this IHostApplicationBuilder builder, ClusterOptions cluster, JobsOptions options)
    {
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<JobsMetrics>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<StateSerializer>();
        builder.Services.AddSingleton<SiloEnding>().AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<SiloEnding>());
        builder.UseOrleans(silo =>
        {
            silo.Configure<Orleans.Configuration.ClusterOptions>(ids => (ids.ClusterId, ids.ServiceId) = (ClusterId, ClusterId));
            silo.Configure<SiloMessagingOptions>(calls => calls.ResponseTimeout = Patience.Usual);
            silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(5));
            if (cluster.Certificate is { } certificate)
                ClusterTls.Use(silo, certificate);
            if (cluster.Postgres is { } postgres)
                Postgres.Use(silo, postgres, cluster);
            else
                UseSqlite(silo, cluster);
        });
    }

    private static void UseSqlite(ISiloBuilder silo, ClusterOptions cluster)
    {
        silo.Services.AddSingleton(services => FolderLock.Take(cluster.DataFolder, services.GetRequiredService<TimeProvider>()));
        silo.UseLocalhostClustering(cluster.SiloPort, cluster.GatewayPort, serviceId: ClusterId, clusterId: ClusterId);
        silo.Services.AddSingleton(services =>
        {
            services.GetRequiredService<FolderLock>();
            return new SqliteDatabase(Path.Combine(cluster.DataFolder, SqliteDatabase.FileName));
        });
        silo.Services.AddSingleton<GroupCommit>();
        silo.Services.AddKeyedSingleton<IGrainStorage>(JobsStorage.Name, (services, _) => new SqliteGrainStorage(
            services.GetRequiredService<SqliteDatabase>(), services.GetRequiredService<GroupCommit>(), services.GetRequiredService<StateSerializer>()));
        silo.Services.AddSingleton(services => new TokenStore(
            services.GetRequiredService<SqliteDatabase>().Open, services.GetRequiredService<TimeProvider>()));
        silo.Services.AddSingleton(services => new SessionStore(
            services.GetRequiredService<SqliteDatabase>().Open, services.GetRequiredService<TimeProvider>()));
    }

    /// <summary>
    /// A client of the cluster, as a worker is one: reaches the grains through the gateways that are named, or else through those that the
    /// database lists.
    /// </summary>
    public static void AddJobsClient(this IHostApplicationBuilder builder, GatewayName[] gateways, string? postgres, ClusterCertificate? certificate)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<GatewayWait>().AddSingleton<IClientConnectionRetryFilter>(services => services.GetRequiredService<GatewayWait>())
            .AddSingleton<IClusterConnectionStatusObserver>(services => services.GetRequiredService<GatewayWait>());
        builder.UseOrleansClient(client =>
        {
            client.Configure<Orleans.Configuration.ClusterOptions>(ids => (ids.ClusterId, ids.ServiceId) = (ClusterId, ClusterId));
            client.Configure<ClientMessagingOptions>(calls => calls.ResponseTimeout = Patience.Usual);
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = GatewayRefresh);
            if (certificate is not null)
                ClusterTls.Use(client, certificate);
            if (gateways.Length > 0)
                client.Services.AddSingleton<IGatewayListProvider>(services => new NamedGateways(gateways, services.GetRequiredService<IOptions<GatewayOptions>>()));
            else
                Postgres.Use(client, postgres ?? throw new ArgumentException("expected gateways or a database that lists them"));
        });
    }

    /// <summary>The tokens of an installation, for programs other than the service.</summary>
    public static TokenStore OpenTokens(ClusterOptions cluster) => new(Open(cluster), TimeProvider.System);

    /// <summary>Facts about the database of an installation. Its schema is made, or brought up to date, if need be.</summary>
    public static DatabaseFacts ReadFacts(ClusterOptions cluster) => DatabaseFacts.Read(Open(cluster));

    private static Func<DbConnection> Open(ClusterOptions cluster)
    {
        if (cluster.Postgres is { } postgres)
            return Postgres.OpenTokens(postgres);
        Directory.CreateDirectory(cluster.DataFolder);
        return new SqliteDatabase(Path.Combine(cluster.DataFolder, SqliteDatabase.FileName)).Open;
    }
}
