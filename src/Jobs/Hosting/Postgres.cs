using System.Data.Common;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Tokens;
using Locutor.Jobs.Usage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Configuration;

namespace Locutor.Jobs.Hosting;

/// <summary>
/// Sets up PostgreSQL, which several machines can share, instead of SQLite. Orleans' ADO.NET providers store grain state and membership
/// in it.
/// </summary>
internal static class Postgres
{
    private const string Invariant = "Npgsql";
    private const int MostConnections = 20;
    private const long SchemaLock = 0x4C6F6375746F72;

    /// <summary>Creates the schema and makes the silo use the database.</summary>
    public static void Use(ISiloBuilder silo, string connectionString, ClusterOptions cluster)
    {
        connectionString = Bounded(connectionString);
        MakeSchema(connectionString);
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Invariant, connectionString));
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = cluster.Address;
            endpoints.SiloPort = cluster.SiloPort;
            endpoints.GatewayPort = cluster.GatewayPort;
        });
        UseMembership(silo);
        silo.Services.AddOptions<AdoNetGrainStorageOptions>(JobsStorage.Name).Configure<StateSerializer>((options, serializer) =>
            (options.Invariant, options.ConnectionString, options.GrainStorageSerializer) = (Invariant, connectionString, serializer));
        silo.AddAdoNetGrainStorage(JobsStorage.Name, (AdoNetGrainStorageOptions _) => { });
        silo.Services.AddSingleton(services => new TokenStore(Connector(connectionString), services.GetRequiredService<TimeProvider>()));
        silo.Services.AddSingleton(services => new SessionStore(Connector(connectionString), services.GetRequiredService<TimeProvider>()));
        silo.Services.AddSingleton(_ => new UsageStore(Connector(connectionString)));
    }

    /// <summary>Sets how fast the cluster notices a lost node. All documented times after a loss depend on these values.</summary>
    private static void UseMembership(ISiloBuilder silo)
    {
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            // For machines that do not answer at all. A node on a busy machine must not be declared lost: it would have to stop.
            membership.ProbeTimeout = membership.MinProbeTimeout = TimeSpan.FromSeconds(3);
            // The default is four times as long, and each missed probe can delay the loss of a node by this time.
            membership.MaxProbeTimeout = TimeSpan.FromSeconds(4);
            membership.NumMissedProbesLimit = 3;
            // A node that starts alone waits at most three of these periods for a node that ended without a notice.
            membership.IAmAliveTablePublishTimeout = membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        });
        LostNodes.Use(silo);
        // The usual directory ends healthy grains whenever a node joins or is lost (docs/decisions/lost-nodes.md).
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        // For a moment a grain may have two activations. This is harmless, since every write checks the stored version.
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.Zero);
    }

    /// <summary>
    /// Limits the connections of one node. By default PostgreSQL accepts 100 connections and Npgsql opens up to 100 per node, so a busy
    /// node could leave no connection to the others.
    /// </summary>
    private static string Bounded(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        if (!parts.ShouldSerialize("Maximum Pool Size"))
            parts.MaxPoolSize = MostConnections;
        return parts.ConnectionString;
    }

    /// <summary>Makes a client find the gateways of the nodes in the database.</summary>
    public static void Use(IClientBuilder client, string connectionString) =>
        client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Invariant, connectionString));

    /// <summary>Opens a pool of connections to the database and creates its schema when it is missing.</summary>
    public static Func<DbConnection> OpenTokens(string connectionString)
    {
        MakeSchema(connectionString);
        return Connector(connectionString);
    }

    private static Func<DbConnection> Connector(string connectionString) => () =>
    {
        var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        return connection;
    };

    private static void MakeSchema(string connectionString)
    {
        using var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        using var transaction = connection.BeginTransaction();
        // Two machines may start at the same moment, so the schema is created under a lock.
        Execute(connection, $"SELECT pg_advisory_xact_lock({SchemaLock})");
        SchemaVersion.Update(connection, PostgresSchema.Steps);
        foreach (var (key, text) in PostgresSchema.Statements)
        {
            using var command = new NpgsqlCommand(
                "INSERT INTO orleansquery (querykey, querytext) VALUES ($1, $2) ON CONFLICT (querykey) DO UPDATE SET querytext = " +
                "excluded.querytext",
                connection);
            command.Parameters.AddWithValue(key);
            command.Parameters.AddWithValue(text);
            command.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
