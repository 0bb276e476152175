using System.ComponentModel;
using System.Diagnostics;
using Npgsql;

namespace Locutor.Service.Operations;

/// <summary>Copies and restores a PostgreSQL database with the programs <c>pg_dump</c> and <c>pg_restore</c>.</summary>
internal static class PostgresDump
{
    public const string FileName = "database.dump";

    /// <summary>Writes a dump without the table of running machines, since after a restore the service would wait for them.</summary>
    public static Task CreateAsync(string connectionString, string file, CancellationToken cancellationToken) =>
        RunAsync(
            "pg_dump", ["--format=custom", "--no-owner", "--exclude-table-data=membership*", $"--file={file}"], connectionString,
            cancellationToken);

    /// <summary>Checks that a database has no tables.</summary>
    /// <exception cref="BackupException">It has tables, or it does not answer.</exception>
    public static async Task RequireEmptyAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            await using var query = new NpgsqlCommand(
                "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') LIMIT 1", connection);
            if (await query.ExecuteScalarAsync(cancellationToken) is string table)
            {
                throw new BackupException(
                    $"the database {connection.Database} is not empty: it has the table {table}; restore into a new database");
            }
        }
        catch (NpgsqlException failure)
        {
            throw new BackupException($"the database cannot be used: {failure.Message}");
        }
    }

    /// <summary>Restores a dump into an empty database.</summary>
    /// <exception cref="BackupException">The program failed.</exception>
    public static Task RestoreAsync(string connectionString, string file, CancellationToken cancellationToken) =>
        RunAsync(
            "pg_restore",
            [
                "--single-transaction", "--exit-on-error", "--no-owner",
                $"--dbname={new NpgsqlConnectionStringBuilder(connectionString).Database}", file
            ],
            connectionString, cancellationToken);

    /// <summary>
    /// Runs a program. The connection is passed in the environment, where other users of the machine cannot read the password.
    /// </summary>
    private static async Task RunAsync(string program, string[] arguments, string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["PGHOST"] = connection.Host;
        start.Environment["PGPORT"] = connection.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        start.Environment["PGDATABASE"] = connection.Database ?? connection.Username;
        start.Environment["PGUSER"] = connection.Username;
        start.Environment["PGPASSWORD"] = connection.Password;
        var files = new (string Name, string? Path)[]
        {
            ("PGSSLROOTCERT", connection.RootCertificate), ("PGSSLCERT", connection.SslCertificate), ("PGSSLKEY", connection.SslKey),
            ("PGPASSFILE", connection.Passfile),
        };
        foreach (var (name, path) in files)
            if (path is not null) start.Environment[name] = path;
        if (connection.SslMode is var mode && mode is not SslMode.Prefer)
        {
            start.Environment["PGSSLMODE"] = mode switch
            {
                SslMode.VerifyCA => "verify-ca",
                SslMode.VerifyFull => "verify-full",
                _ => mode.ToString().ToLowerInvariant(),
            };
        }

        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
                throw new BackupException($"{program} ended with code {process.ExitCode}: {(await error).Trim()}");
        }
        catch (Win32Exception exception)
        {
            throw new BackupException(
                $"{program} cannot be started ({exception.Message}); it comes with PostgreSQL's client programs, as postgresql-client " +
                "on Debian");
        }
    }
}
