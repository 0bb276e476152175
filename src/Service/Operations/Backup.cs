using System.Text.Json;
using Locutor.Jobs.Storage;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Settings;

namespace Locutor.Service.Operations;

/// <summary>The contents of a backup; the file <c>backup.json</c> in its folder.</summary>
/// <param name="Version">Version of this format.</param>
/// <param name="Database">sqlite or postgres.</param>
/// <param name="Files">Inputs and results that were copied.</param>
/// <param name="Bytes">Their size together.</param>
/// <param name="Bucket">Bucket that holds inputs and results; they are not in the backup then.</param>
public sealed record BackupContents(int Version, DateTimeOffset CreatedAt, string Database, int Files, long Bytes, string? Bucket);

/// <summary>
/// Copies the database, and the inputs and results of the data folder, into a new folder, also while the service runs. The database comes
/// first: files of jobs that are accepted later belong to no job of the copy and are swept after a restore, and a result that expires
/// meanwhile is answered as expired. Unfinished work is left out; jobs that ran begin again.
/// </summary>
public static class Backup
{
    private const int Format = 1;
    private const string Manifest = "backup.json";
    private static readonly string[] Kinds = ["inputs", "results"];

    /// <exception cref="BackupException">The folder exists, or the database cannot be copied.</exception>
    public static async Task<BackupContents> CreateAsync(ServeSettings settings, string folder, TimeProvider time, CancellationToken cancellation)
    {
        folder = Path.GetFullPath(folder);
        if (Path.Exists(folder))
            throw new BackupException($"{folder} exists; name a folder that does not");
        var data = Path.GetFullPath(settings.Data);
        if (settings.Postgres is null && !File.Exists(Path.Combine(data, SqliteDatabase.FileName)))
            throw new BackupException($"{data} holds no {SqliteDatabase.FileName}: it is not the data folder of a service");
        if (folder.StartsWith(data + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new BackupException($"{folder} lies inside the data folder {data}; name one outside");
        var aside = folder + ".unfinished";
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.CreateDirectory(aside);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(aside, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (settings.Postgres is { } postgres)
            await PostgresDump.CreateAsync(postgres, Path.Combine(aside, PostgresDump.FileName), cancellation);
        else
            SqliteDatabase.Copy(Path.Combine(data, SqliteDatabase.FileName), Path.Combine(aside, SqliteDatabase.FileName));
        var contents = new BackupContents(Format, time.GetUtcNow(), settings.Postgres is null ? "sqlite" : "postgres", 0, 0, settings.S3Bucket);
        foreach (var kind in Kinds)
            contents = CopyFiles(Path.Combine(data, kind), Path.Combine(aside, kind), contents, cancellation);
        CopyIdentity(data, aside);
        await File.WriteAllTextAsync(Path.Combine(aside, Manifest), JsonSerializer.Serialize(contents, Problems.Json), cancellation);
        Directory.Move(aside, folder);
        return contents;
    }

    /// <summary>Puts a backup into an empty data folder, and into an empty database where it was made of PostgreSQL.</summary>
    /// <exception cref="BackupException">Not a backup, of another kind of database, or the target is not empty.</exception>
    public static async Task<BackupContents> RestoreAsync(ServeSettings settings, string folder, CancellationToken cancellation)
    {
        var contents = Read(folder);
        var kind = settings.Postgres is null ? "sqlite" : "postgres";
        if (contents.Database != kind)
            throw new BackupException($"{folder} is a backup of a {contents.Database} database, and the settings name a {kind} one");
        var data = new DataFolder(settings);
        if (File.Exists(Path.Combine(data.Root, SqliteDatabase.FileName)) || Kinds.Any(name => Directory.EnumerateFileSystemEntries(data.Absolute(name)).Any()))
            throw new BackupException($"the data folder {data.Root} is in use; restore into an empty one and move the old one away");
        foreach (var name in Kinds)
            CopyFiles(Path.Combine(folder, name), data.Absolute(name), contents, cancellation);
        CopyIdentity(folder, data.Root);
        // The database comes last: without it the folder is not taken for one that is complete.
        if (settings.Postgres is { } postgres)
            await PostgresDump.RestoreAsync(postgres, Path.Combine(folder, PostgresDump.FileName), cancellation);
        else
            SqliteDatabase.Copy(Path.Combine(folder, SqliteDatabase.FileName), Path.Combine(data.Root, SqliteDatabase.FileName));
        return contents;
    }

    /// <summary>The database knows the name of its store, so the copy of the store keeps it.</summary>
    private static void CopyIdentity(string from, string to)
    {
        var file = Path.Combine(from, StoreIdentity.FileName);
        if (File.Exists(file))
            File.Copy(file, Path.Combine(to, StoreIdentity.FileName), overwrite: true);
    }

    private static BackupContents Read(string folder)
    {
        try
        {
            var contents = JsonSerializer.Deserialize<BackupContents>(File.ReadAllBytes(Path.Combine(folder, Manifest)), Problems.Json)!;
            return contents.Version <= Format ? contents : throw new BackupException($"{folder}: format {contents.Version} of a newer program; this one reads up to {Format}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BackupException($"{folder} is not a backup: {exception.Message}");
        }
    }

    private static BackupContents CopyFiles(string from, string to, BackupContents contents, CancellationToken cancellation)
    {
        if (!Directory.Exists(from))
            return contents;
        foreach (var file in new DirectoryInfo(from).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            cancellation.ThrowIfCancellationRequested();
            var target = Path.Combine(to, Path.GetRelativePath(from, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                file.CopyTo(target);
                contents = contents with { Files = contents.Files + 1, Bytes = contents.Bytes + file.Length };
            }
            catch (FileNotFoundException)
            {
                // It expired meanwhile.
            }
        }
        return contents;
    }
}

/// <summary>A backup that cannot be made or restored; the message says what to do.</summary>
public sealed class BackupException(string message) : Exception(message);
