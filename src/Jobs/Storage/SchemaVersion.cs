using System.Data.Common;
using System.Globalization;

namespace Locutor.Jobs.Storage;

/// <summary>One change of the database schema.</summary>
/// <param name="Sql">The statements that change the previous version into this one.</param>
/// <param name="ReadableBy">
/// The oldest schema version whose programs still work with the changed database. During an update they run together with newer ones.
/// </param>
internal sealed record SchemaStep(string Sql, int ReadableBy);

/// <summary>
/// Brings a database to the schema of this program. The table <c>schema_version</c> holds the version and the oldest version whose programs
/// may still use the database. A database without that table is new, or of version 1, the schema before versions were recorded.
/// </summary>
internal static class SchemaVersion
{
    private const string Table = "CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL, readable_by integer NOT NULL)";

    /// <summary>Runs the steps that the database does not have yet. The caller holds a transaction that excludes other writers.</summary>
    /// <param name="steps">
    /// Step <c>i</c> leads to version <c>i + 1</c>. The first step can run on a database that already has its tables.
    /// </param>
    /// <exception cref="SchemaException">A newer program changed the database in a way that this one cannot read.</exception>
    public static void Update(DbConnection connection, IReadOnlyList<SchemaStep> steps)
    {
        Execute(connection, Table);
        var (version, readableBy) = Read(connection);
        if (version > steps.Count)
        {
            if (readableBy <= steps.Count)
                return;
            throw new SchemaException(
                $"the database has schema version {version}, which needs a program of schema version {readableBy} or newer; this " +
                $"program has version {steps.Count}. Update this program, or restore a backup made before the update");
        }
        for (int next = version; next < steps.Count; next++)
        {
            Execute(connection, steps[next].Sql);
            readableBy = Math.Max(readableBy, steps[next].ReadableBy);
        }
        if (version == steps.Count)
            return;
        Execute(connection, "DELETE FROM schema_version");
        Execute(
            connection,
            string.Create(
                CultureInfo.InvariantCulture, $"INSERT INTO schema_version (version, readable_by) VALUES ({steps.Count}, {readableBy})"));
    }

    private static (int Version, int ReadableBy) Read(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT version, readable_by FROM schema_version";
        using var reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt32(0), reader.GetInt32(1)) : (0, 1);
    }

    private static void Execute(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

/// <summary>The schema of a database cannot be used by this program.</summary>
public sealed class SchemaException(string message) : Exception(message);
