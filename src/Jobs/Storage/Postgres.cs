using System.Data.Common;
using Locutor.Jobs.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Configuration;

namespace Locutor.Jobs.Storage;

/// <summary>PostgreSQL instead of SQLite, so that several machines share jobs: Orleans' ADO.NET providers for grain state and membership.</summary>
internal static class Postgres
{
    private const string Invariant = "Npgsql";
    private const long SchemaLock = 0x4C6F6375746F72;

    /// <summary>Makes the schema and tells the silo to use it.</summary>
    public static void Use(ISiloBuilder silo, string connectionString, Hosting.ClusterOptions cluster)
    {
        MakeSchema(connectionString);
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Invariant, connectionString));
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = cluster.Address;
            endpoints.SiloPort = cluster.SiloPort;
            endpoints.GatewayPort = cluster.GatewayPort;
        });
        // A service that was killed leaves a row behind; it must not keep its successor waiting for long.
        silo.Configure<ClusterMembershipOptions>(membership => (membership.ProbeTimeout, membership.NumMissedProbesLimit) = (TimeSpan.FromSeconds(2), 2));
        silo.Services.AddOptions<AdoNetGrainStorageOptions>(JobsStorage.Name).Configure<StateSerializer>((options, serializer) =>
            (options.Invariant, options.ConnectionString, options.GrainStorageSerializer) = (Invariant, connectionString, serializer));
        silo.AddAdoNetGrainStorage(JobsStorage.Name, (AdoNetGrainStorageOptions _) => { });
        silo.Services.AddSingleton(services => new TokenStore(Connector(connectionString), services.GetRequiredService<TimeProvider>()));
        silo.Services.AddSingleton(services => new SessionStore(Connector(connectionString), services.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Tells a client to find the gateways of the nodes in the database.</summary>
    public static void Use(IClientBuilder client, string connectionString) =>
        client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Invariant, connectionString));

    /// <summary>Opens connections to the database, whose schema is made if it is not there.</summary>
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
        // Two machines may start at the same moment.
        Execute(connection, $"SELECT pg_advisory_xact_lock({SchemaLock})");
        SchemaVersion.Update(connection, PostgresSchema.Steps);
        foreach (var (key, text) in PostgresSchema.Statements)
        {
            using var command = new NpgsqlCommand(
                "INSERT INTO orleansquery (querykey, querytext) VALUES ($1, $2) ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext", connection);
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
