using System.Text.Json;
using Locutor.Files;
using Locutor.Jobs.Storage;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Settings;

namespace Locutor.Service.Operations;

/// <summary>The description of a backup, stored as <c>backup.json</c> in its folder.</summary>
/// <param name="Version">The version of this format.</param>
/// <param name="Database">Either sqlite or postgres.</param>
/// <param name="Files">The number of copied inputs and results.</param>
/// <param name="Bytes">The total size of the copied files in bytes.</param>
/// <param name="Bucket">The bucket that holds inputs and results, which the backup then does not contain; null for the data folder.</param>
public sealed record BackupContents(int Version, DateTimeOffset CreatedAt, string Database, int Files, long Bytes, string? Bucket);

/// <summary>
/// Copies the database, and the inputs and results of the data folder, into a new folder, even while the service runs. The database is
/// copied first. Files of jobs that are accepted later belong to no job in the copy and are removed after a restore; a result that
/// expires during the copy is answered as expired. Unfinished work is not copied, so running jobs start again.
/// </summary>
public static class Backup
{
    private const int Format = 1;
    private const string Manifest = "backup.json";
    private static readonly string[] Kinds = ["inputs", "results"];

    /// <summary>Makes a backup in a new folder.</summary>
    /// <exception cref="BackupException">The folder exists, or the database cannot be copied.</exception>
    public static async Task<BackupContents> CreateAsync(
        ServeSettings settings, string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        folder = Path.GetFullPath(folder);
        if (Path.Exists(folder))
            throw new BackupException($"{folder} exists; name a folder that does not exist");
        string data = Path.GetFullPath(settings.Data);
        if (settings.Postgres is null && !File.Exists(Path.Combine(data, SqliteDatabase.FileName)))
            throw new BackupException($"{data} has no {SqliteDatabase.FileName}: it is not the data folder of a service");
        if (folder.StartsWith(data + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new BackupException($"{folder} lies inside the data folder {data}; name one outside");
        string aside = folder + ".unfinished";
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.CreateDirectory(aside);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(aside, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (settings.Postgres is { } postgres)
            await PostgresDump.CreateAsync(postgres, Path.Combine(aside, PostgresDump.FileName), cancellationToken);
        else
            SqliteDatabase.Copy(Path.Combine(data, SqliteDatabase.FileName), Path.Combine(aside, SqliteDatabase.FileName));
        var contents = new BackupContents(
            Format, time.GetUtcNow(), settings.Postgres is null ? "sqlite" : "postgres", 0, 0, settings.S3Bucket);
        foreach (string kind in Kinds)
            contents = CopyFiles(Path.Combine(data, kind), Path.Combine(aside, kind), contents, cancellationToken);
        CopyIdentity(data, aside);
        await File.WriteAllTextAsync(Path.Combine(aside, Manifest), JsonSerializer.Serialize(contents, Problems.Json), cancellationToken);
        Directory.Move(aside, folder);
        return contents;
    }

    /// <summary>Restores a backup into an empty data folder and, for a backup of PostgreSQL, into an empty database.</summary>
    /// <exception cref="BackupException">The folder is not a backup, its kind of database differs, or the target is not empty.</exception>
    public static async Task<BackupContents> RestoreAsync(ServeSettings settings, string folder, CancellationToken cancellationToken)
    {
        var contents = Read(folder);
        string kind = settings.Postgres is null ? "sqlite" : "postgres";
        if (contents.Database != kind)
            throw new BackupException($"{folder} is a backup of a {contents.Database} database, but the settings name a {kind} one");
        var data = new DataFolder(settings);
        if (File.Exists(Path.Combine(data.Root, SqliteDatabase.FileName))
            || Kinds.Any(name => Directory.EnumerateFileSystemEntries(data.Absolute(name)).Any()))
        {
            throw new BackupException($"the data folder {data.Root} is in use; move it away and restore into an empty folder");
        }

        // Before any file is copied, since the folder would not be empty for the next attempt.
        if (settings.Postgres is { } target) await PostgresDump.RequireEmptyAsync(target, cancellationToken);
        foreach (string name in Kinds)
            CopyFiles(Path.Combine(folder, name), data.Absolute(name), contents, cancellationToken);
        CopyIdentity(folder, data.Root);
        // The database is restored last: a folder without it is not mistaken for a complete one.
        if (settings.Postgres is { } postgres)
            await PostgresDump.RestoreAsync(postgres, Path.Combine(folder, PostgresDump.FileName), cancellationToken);
        else
            SqliteDatabase.Copy(Path.Combine(folder, SqliteDatabase.FileName), Path.Combine(data.Root, SqliteDatabase.FileName));
        return contents;
    }

    /// <summary>Copies the identity of the file store, since the database refers to it.</summary>
    private static void CopyIdentity(string from, string to)
    {
        string file = Path.Combine(from, StoreIdentity.FileName);
        if (File.Exists(file))
            File.Copy(file, Path.Combine(to, StoreIdentity.FileName), overwrite: true);
    }

    private static BackupContents Read(string folder)
    {
        try
        {
            var contents = JsonSerializer.Deserialize<BackupContents>(File.ReadAllBytes(Path.Combine(folder, Manifest)), Problems.Json)!;
            return contents.Version <= Format
                ? contents
                : throw new BackupException($"{folder}: format {contents.Version} of a newer program; this program reads up to {Format}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BackupException($"{folder} is not a backup: {Manifest}: {FileFault.Describe(exception)}");
        }
    }

    private static BackupContents CopyFiles(string from, string to, BackupContents contents, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(from))
            return contents;
        foreach (var file in
                new DirectoryInfo(from).EnumerateFiles(
                    "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            cancellationToken.ThrowIfCancellationRequested();
            string target = Path.Combine(to, Path.GetRelativePath(from, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                file.CopyTo(target);
                contents = contents with { Files = contents.Files + 1, Bytes = contents.Bytes + file.Length };
            }
            catch (FileNotFoundException)
            {
                // The file expired in the meantime.
            }
        }
        return contents;
    }
}

/// <summary>Thrown when a backup cannot be made or restored. The message tells what to do.</summary>
public sealed class BackupException(string message) : Exception(message);
