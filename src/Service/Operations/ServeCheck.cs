using Locutor.Generation.Diagnosis;
using Locutor.Jobs.Hosting;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Storage;
using Locutor.Service.Workers;

namespace Locutor.Service.Operations;

/// <summary>Checks of what a service needs beyond the machine, without running it.</summary>
public static class ServeCheck
{
    public static IReadOnlyList<Check> Of(ServeSettings settings) =>
    [
        new("data", () => [Data(settings)]),
        new("database", () => [Database(settings)]),
        new("files", async cancellation => [await FilesAsync(settings, cancellation)]) { Patience = TimeSpan.FromMinutes(1) },
        new("page", () => [Page()]),
        new("workers", () => [Workers(settings)]),
        .. settings.NoAuth ? Array.Empty<Check>() : [new("tokens", () => [Tokens(settings)])],
    ];

    private static Finding Data(ServeSettings settings)
    {
        var folder = new DataFolder(settings);
        var probe = folder.Aside();
        File.WriteAllBytes(probe, new byte[1]);
        File.Delete(probe);
        return Finding.Ok("data", folder.Root);
    }

    private static Finding Database(ServeSettings settings)
    {
        var kind = settings.Postgres is null ? "SQLite" : "PostgreSQL";
        try
        {
            OpenTokens(settings);
            return Finding.Ok("database", kind);
        }
        catch (Exception exception)
        {
            return Finding.Failure("database", $"{kind}: {exception.Message}", settings.Postgres is null
                ? "see that the data folder's jobs.db can be written and is a database"
                : "see that the server of the setting postgres runs and lets this user in");
        }
    }

    private static async Task<Finding> FilesAsync(ServeSettings settings, CancellationToken cancellation)
    {
        if (settings.S3Bucket is null)
            return Finding.Ok("files", "inputs and results are kept in the data folder");
        try
        {
            using var store = new S3Store(new DataFolder(settings), settings);
            await store.TryOutAsync(cancellation);
            return Finding.Ok("files", $"inputs and results are kept in the bucket {settings.S3Bucket}");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Finding.Failure("files", $"bucket {settings.S3Bucket}: {exception.Message}", "see the settings s3_endpoint, s3_region, s3_access_key and s3_secret_key; the key must be allowed to write, read and delete");
        }
    }

    private static Finding Page() => File.Exists(Path.Combine(AppContext.BaseDirectory, "wwwroot", "index.html"))
        ? Finding.Ok("page", "present")
        : Finding.Failure("page", "wwwroot/index.html is missing from the program's folder", "build or install the program again");

    private static Finding Workers(ServeSettings settings) => WorkerSupervisor.Devices(settings.Workers) is { Count: > 0 } devices
        ? Finding.Ok("workers", $"one on each of {string.Join(", ", devices)}, precision {settings.Precision}")
        : Finding.Warning("workers", "none: jobs wait until another machine's worker takes them", "set workers to auto, cpu or cuda:0, or start 'locutor worker' elsewhere");

    private static Finding Tokens(ServeSettings settings) => OpenTokens(settings).Count(token => token.RevokedAt is null) is var count and > 0
        ? Finding.Ok("tokens", $"{count}")
        : Finding.Warning("tokens", "none yet, so nobody can use the service", "the first start at a terminal makes one and prints it, or make one with 'locutor tokens create'");

    private static IReadOnlyList<Locutor.Jobs.Tokens.Token> OpenTokens(ServeSettings settings) =>
        [.. JobsHosting.OpenTokens(new ClusterOptions { DataFolder = settings.Data, Postgres = settings.Postgres }).List()];
}
