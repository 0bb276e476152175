using System.Net;
using Locutor.Generation.Diagnosis;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Storage;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Locutor.Service.Workers;

namespace Locutor.Service.Operations;

/// <summary>
/// Checks the requirements of the service without starting it. Everything that would keep it from starting or working is a failure.
/// </summary>
public static class ServeCheck
{
    private const long LeastFree = 512L << 20;

    /// <param name="settings">The settings that the service would get.</param>
    /// <param name="variables">The names of the environment variables.</param>
    public static IReadOnlyList<Check> Create(ServeSettings settings, IEnumerable<string> variables) =>
    [
        new("settings", () => [.. Settings(settings, variables)]),
        new("addresses", () => [.. Addresses(settings)]),
        new("cluster", () => [Cluster(settings)]),
        new("data", () => [.. Data(settings)]),
        new("database", () => [Database(settings)]),
        new("files", async cancellationToken => [await FilesAsync(settings, cancellationToken)]) { Patience = TimeSpan.FromMinutes(1) },
        new("page", () => [Page()]),
        new("workers", () => [.. Workers(settings)]),
        .. settings.NoAuth ? Array.Empty<Check>() : [new("tokens", () => [Tokens(settings)])],
    ];

    private static IEnumerable<Finding> Settings(ServeSettings settings, IEnumerable<string> variables)
    {
        var unread = EnvironmentNames.Unread(variables);
        foreach (var variable in unread)
        {
            yield return variable.Meant is { } meant
                ? Finding.Failure(
                    "settings", variable.Text, $"rename it to {meant}, or remove it; 'locutor serve --settings' shows all settings")
                : Finding.Warning(
                    "settings", variable.Text,
                    "'locutor serve --settings' lists the settings; the variable of a setting is LOCUTOR_ and its name in capitals");
        }
        string fault = "";
        try
        {
            SettingsCheck.Validate(settings);
        }
        catch (SettingsException exception)
        {
            fault = exception.Message;
        }
        if (fault.Length > 0)
            yield return Finding.Failure("settings", fault, "change the setting; 'locutor serve --settings' shows all settings");
        else if (unread.Count == 0)
            yield return Finding.Ok("settings", "all settings are known and compatible");
    }

    private static IEnumerable<Finding> Addresses(ServeSettings settings)
    {
        var faults = ListenAddresses.Faults(settings);
        return faults.Count > 0
            ? faults.Select(fault => Finding.Failure("addresses", fault.Text, fault.Advice))
            : [Finding.Ok("addresses", $"the service can listen on {settings.Urls}")];
    }

    private static Finding Cluster(ServeSettings settings)
    {
        if (settings.Postgres is null)
            return Finding.Ok("cluster", "one node; several nodes need the setting postgres");
        if (settings.ClusterTls && !IPAddress.IsLoopback(settings.ClusterAddress)
            && ClusterCertificate.FindFault(settings.CertificateFile) is { } fault)
        {
            return Finding.Failure("cluster", fault, ClusterCertificate.Advice);
        }

        return IPAddress.IsLoopback(settings.ClusterAddress)
            ? Finding.Warning(
                "cluster", $"other machines cannot reach this node: cluster_address is {settings.ClusterAddress}",
                "for a cluster of several machines set cluster_address, silo_port and gateway_port")
            : Finding.Ok(
                "cluster",
                $"reached at {settings.ClusterAddress}, " +
                $"{(settings.ClusterTls ? $"with the certificate {settings.CertificateFile}" : "without encryption")}");
    }

    private static IEnumerable<Finding> Data(ServeSettings settings)
    {
        var folder = new DataFolder(settings);
        string probe = folder.Aside();
        File.WriteAllBytes(probe, new byte[1]);
        File.Delete(probe);
        if (settings.Postgres is null && FolderLock.HolderOf(folder.Root) is { } holder)
        {
            yield return Finding.Failure(
                "data", $"{folder.Root} is used by another service ({holder})",
                "stop it first, or give this one a folder of its own with --data");
        }

        if (new DriveInfo(folder.Root).AvailableFreeSpace is var free && free < LeastFree)
        {
            yield return Finding.Failure(
                "data", $"{folder.Root} has {free >> 20} MiB of free disk; below {LeastFree >> 20} MiB new jobs are refused",
                "free disk space, or move the data folder with --data");
        }

        yield return Finding.Ok("data", $"{folder.Root} can be written, {free >> 30} GiB free");
    }

    private static Finding Database(ServeSettings settings)
    {
        string kind = settings.Postgres is null ? "SQLite" : "PostgreSQL";
        try
        {
            return Finding.Ok("database", $"{kind}, schema version {JobsHosting.ReadFacts(ClusterOf(settings)).SchemaVersion}");
        }
        catch (Exception exception)
        {
            return Finding.Failure("database", $"{kind}: {exception.Message}", settings.Postgres is null
                ? "check that jobs.db in the data folder is a database and writable"
                : "check that the server of the setting postgres runs and admits this user");
        }
    }

    private static async Task<Finding> FilesAsync(ServeSettings settings, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(settings);
        var store = FileStores.Create(settings, folder);
        try
        {
            if (store is S3Store bucket)
                await bucket.TryOutAsync(cancellationToken);
            var identity = new StoreIdentity(store, folder);
            string? found = await identity.ReadAsync(cancellationToken);
            string? expected = ExpectedStore(settings);
            if (!settings.AdoptStore && expected is not null && expected != found)
            {
                return Finding.Failure(
                    "files", identity.Mismatch(expected, found),
                    "nodes share one data folder or one bucket; if this store replaces a lost one, start once with --set " +
                    "adopt_store=true");
            }

            return Finding.Ok(
                "files",
                settings.S3Bucket is null
                    ? "inputs and results are kept in the data folder"
                    : $"inputs and results are kept in the bucket {settings.S3Bucket}");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return settings.S3Bucket is null
                ? Finding.Failure("files", exception.Message, "check that the data folder is readable and writable")
                : Finding.Failure(
                    "files", $"bucket {settings.S3Bucket}: {exception.Message}",
                    "check the settings s3_endpoint, s3_region, s3_access_key and s3_secret_key; the key must be allowed to write, read " +
                    "and delete");
        }
        finally
        {
            (store as IDisposable)?.Dispose();
        }
    }

    /// <summary>
    /// Returns the identity of the store in the database; null when the database does not answer, which another check reports.
    /// </summary>
    private static string? ExpectedStore(ServeSettings settings)
    {
        try
        {
            return JobsHosting.ReadFacts(ClusterOf(settings)).StoreId;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static Finding Page() => File.Exists(Path.Combine(PageFolder.Path, "index.html"))
        ? Finding.Ok("page", "present")
        : Finding.Failure("page", "locutor-page/index.html is missing from the program's folder", "build or install the program again");

    private static IEnumerable<Finding> Workers(ServeSettings settings)
    {
        var devices = WorkerSupervisor.Devices(settings);
        int gpus = VisibleGpus.Count();
        var used = settings.Gpus is { } group ? group.Split(',').Select(WorkerSupervisor.FirstGpu) : devices;
        foreach (string? device in used.Where(device => WorkerSupervisor.GpuNumber(device) >= gpus))
        {
            yield return Finding.Failure(
                "workers", $"there is no {device}: this machine shows {gpus} GPUs",
                $"name existing devices, as --workers {(gpus > 0 ? "cuda:0" : "cpu")}; CUDA_VISIBLE_DEVICES hides GPUs");
        }

        yield return devices.Count > 0
            ? settings.Gpus is { } together
                ? Finding.Ok("workers", $"one on GPUs {together} together, precision {settings.Precision}")
                : Finding.Ok("workers", $"one on each of {string.Join(", ", devices)}, precision {settings.Precision}")
            : Finding.Warning(
                "workers", "none: jobs wait until a worker of another machine takes them",
                "set workers to auto, cpu or cuda:0, or start 'locutor worker' elsewhere");
    }

    private static Finding Tokens(ServeSettings settings) =>
        JobsHosting.OpenTokens(ClusterOf(settings)).List().Count(token => token.RevokedAt is null) is var count and > 0
            ? Finding.Ok("tokens", $"{count}")
            : Finding.Warning(
                "tokens", "there is no token yet, so nobody can use the service",
                "the first start at a terminal creates one and prints it; or create one with 'locutor tokens create'");

    private static ClusterOptions ClusterOf(ServeSettings settings) => new() { DataFolder = settings.Data, Postgres = settings.Postgres };
}
