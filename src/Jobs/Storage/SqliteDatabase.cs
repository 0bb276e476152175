using Microsoft.Data.Sqlite;

namespace Locutor.Jobs.Storage;

/// <summary>
/// The SQLite database of a data folder. It uses a write-ahead log and synchronous commits, and creates its schema on first use.
/// </summary>
public sealed class SqliteDatabase
{
    public const string FileName = "jobs.db";

    private const string Released = """
        CREATE TABLE IF NOT EXISTS grain_state (
            kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (kind, id));
        CREATE TABLE IF NOT EXISTS tokens (
            key_id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL, webhook_secret TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL,
            created_at BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT, max_queued INTEGER);
        """;

    private static readonly SchemaStep[] Steps = [new(Released, ReadableBy: 1), .. SharedSchema.Steps];

    private readonly string connectionString;

    /// <summary>Opens or creates <paramref name="file"/>, whose folder must exist.</summary>
    public SqliteDatabase(string file)
    {
        File = file;
        connectionString = new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30 }.ToString();
        using var connection = Open();
        // Before there is a write-ahead log, which takes the mode of the database.
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Execute(connection, "PRAGMA journal_mode = WAL");
        using (var transaction = connection.BeginTransaction(deferred: false))
        {
            SchemaVersion.Update(connection, Steps);
            transaction.Commit();
        }
    }

    public string File { get; }

    /// <summary>Opens a pooled connection. A commit returns only when the data is on disk.</summary>
    public SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        Execute(connection, "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 30000");
        return connection;
    }

    /// <summary>
    /// Copies a consistent snapshot of a database, even while other connections write to it, and checks the integrity of the copy.
    /// </summary>
    /// <exception cref="SchemaException">The copy is damaged.</exception>
    public static void Copy(string from, string to)
    {
        using var source = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = from,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
                DefaultTimeout = 30,
            }.ToString());
        using var target = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = to, Pooling = false }.ToString());
        source.Open();
        target.Open();
        source.BackupDatabase(target);
        using var check = target.CreateCommand();
        check.CommandText = "PRAGMA integrity_check";
        if (check.ExecuteScalar() is not "ok")
            throw new SchemaException($"the copy of {from} is damaged; check the disk and the database");
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(to, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
