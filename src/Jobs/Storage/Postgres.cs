using System.Data.Common;
using Locutor.Jobs.Hosting;
using Npgsql;

namespace Locutor.Jobs.Storage;

/// <summary>PostgreSQL instead of SQLite: Orleans' ADO.NET providers for grain state and membership.</summary>
internal static class Postgres
{
    private const string Invariant = "Npgsql";

    /// <summary>Makes the schema and tells the silo to use it.</summary>
    public static void Use(ISiloBuilder silo, string connectionString, ClusterOptions cluster) => throw new NotSupportedException(Invariant);

    /// <summary>Opens connections to the database.</summary>
    public static Func<DbConnection> Connector(string connectionString) => () =>
    {
        var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        return connection;
    };
}
