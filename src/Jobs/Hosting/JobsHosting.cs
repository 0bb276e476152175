using System.Data.Common;
using System.Net;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Tokens;
using Locutor.Jobs.Usage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Storage;

namespace Locutor.Jobs.Hosting;

/// <summary>Settings of the job service: where jobs are stored, and how nodes and workers of a cluster find each other.</summary>
public sealed record ClusterOptions
{
    /// <summary>The folder of the SQLite database. It is ignored when <see cref="Postgres"/> is set.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The connection string of a PostgreSQL database that several machines share; null for SQLite.</summary>
    public string? Postgres { get; init; }

    /// <summary>The IP address at which other nodes and workers reach this process.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>
    /// The certificate for connections between nodes and workers; null leaves these connections unencrypted and open to everybody.
    /// </summary>
    public ClusterCertificate? Certificate { get; init; }

    public int SiloPort { get; init; } = 11_111;
    public int GatewayPort { get; init; } = 30_000;
}

/// <summary>Adds the job service to a host.</summary>
public static class JobsHosting
{
    internal const string ClusterId = "locutor";

    // Addresses of grains that a node remembers. A job has one grain while it is in use. By default a node allocates 19 MB for a million.
    private const int CachedGrains = 20_000;

    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromSeconds(5);

    /// <summary>Adds one Orleans silo with its storage and the tokens to this process.</summary>
    public static void AddJobs(this IHostApplicationBuilder builder, ClusterOptions cluster, JobsOptions options)
    {
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<JobsMetrics>();
        builder.Services.TryAddSingleton<TimeProvider>(new ForwardTime(TimeProvider.System));
        builder.Services.AddSingleton<StateSerializer>();
        builder.Services.AddSingleton<SiloEnding>().AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => services.GetRequiredService<SiloEnding>());
        builder.UseOrleans(silo =>
        {
            silo.Configure<Orleans.Configuration.ClusterOptions>(ids => (ids.ClusterId, ids.ServiceId) = (ClusterId, ClusterId));
            silo.Configure<SiloMessagingOptions>(calls => calls.ResponseTimeout = Patience.Usual);
            silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(5));
            silo.Configure<GrainDirectoryOptions>(directory => directory.CacheSize = CachedGrains);
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
            services.GetRequiredService<SqliteDatabase>(), services.GetRequiredService<GroupCommit>(),
            services.GetRequiredService<StateSerializer>()));
        silo.Services.AddSingleton(services => new TokenStore(
            services.GetRequiredService<SqliteDatabase>().Open, services.GetRequiredService<TimeProvider>()));
        silo.Services.AddSingleton(services => new SessionStore(
            services.GetRequiredService<SqliteDatabase>().Open, services.GetRequiredService<TimeProvider>()));
        silo.Services.AddSingleton(services => new UsageStore(services.GetRequiredService<SqliteDatabase>().Open));
    }

    /// <summary>
    /// Adds a client of the cluster, for example for a worker. The client reaches the grains through the named gateways; without names,
    /// through the gateways that the database lists.
    /// </summary>
    public static void AddJobsClient(
        this IHostApplicationBuilder builder, GatewayName[] gateways, string? postgres, ClusterCertificate? certificate)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<GatewayWait>()
            .AddSingleton<IClientConnectionRetryFilter>(services => services.GetRequiredService<GatewayWait>())
            .AddSingleton<IClusterConnectionStatusObserver>(services => services.GetRequiredService<GatewayWait>());
        builder.UseOrleansClient(client =>
        {
            client.Configure<Orleans.Configuration.ClusterOptions>(ids => (ids.ClusterId, ids.ServiceId) = (ClusterId, ClusterId));
            client.Configure<ClientMessagingOptions>(calls => calls.ResponseTimeout = Patience.Usual);
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = GatewayRefresh);
            if (certificate is not null)
                ClusterTls.Use(client, certificate);
            if (gateways.Length > 0)
            {
                client.Services.AddSingleton<IGatewayListProvider>(
                    services => new NamedGateways(gateways, services.GetRequiredService<IOptions<GatewayOptions>>()));
            }
            else
            {
                Postgres.Use(client, postgres ?? throw new ArgumentException("expected gateways or a database that lists them"));
            }
        });
    }

    /// <summary>Opens the tokens of an installation for programs other than the service.</summary>
    public static TokenStore OpenTokens(ClusterOptions cluster) => new(Open(cluster), TimeProvider.System);

    /// <summary>Reads facts about the database of an installation. It creates or updates the schema first if necessary.</summary>
    public static DatabaseFacts ReadFacts(ClusterOptions cluster) => DatabaseFacts.Read(Open(cluster));

    /// <summary>Returns whether an installation exists: with PostgreSQL always, with SQLite when its folder has a database.</summary>
    public static bool Exists(ClusterOptions cluster) =>
        cluster.Postgres is not null || File.Exists(Path.Combine(cluster.DataFolder, SqliteDatabase.FileName));

    private static Func<DbConnection> Open(ClusterOptions cluster)
    {
        if (cluster.Postgres is { } postgres)
            return Postgres.OpenTokens(postgres);
        Directory.CreateDirectory(cluster.DataFolder);
        return new SqliteDatabase(Path.Combine(cluster.DataFolder, SqliteDatabase.FileName)).Open;
    }
}
