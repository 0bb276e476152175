using System.Diagnostics;
using Locutor.Jobs.Hosting;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Storage;
using Locutor.Service.Workers;

namespace Locutor.Service.Operations;

/// <summary>Looks whether the service could run here, without running it.</summary>
public static class ServeCheck
{
    /// <summary>Each thing looked at, with what is wrong with it or null.</summary>
    public static async Task<IReadOnlyList<(string Name, string? Fault)>> RunAsync(ServeSettings settings, CancellationToken cancellation)
    {
        var results = new List<(string, string?)>
        {
            ($"data folder {settings.Data}", Try(() => File.Delete(Write(new DataFolder(settings).Aside())))),
            (settings.Postgres is null ? "SQLite database" : "PostgreSQL database", Try(() => JobsHosting.OpenTokens(new ClusterOptions { DataFolder = settings.Data, Postgres = settings.Postgres }).List())),
            ("store of inputs and results: " + (settings.S3Bucket is null ? "the data folder" : $"bucket {settings.S3Bucket}"), await StoreAsync(settings, cancellation)),
            ("page", File.Exists(Path.Combine(AppContext.BaseDirectory, "wwwroot", "index.html")) ? null : "wwwroot/index.html is missing beside the program"),
            ("ffmpeg", await RunsAsync("ffmpeg", cancellation)),
            ("ffprobe", await RunsAsync("ffprobe", cancellation)),
        };
        if (WorkerSupervisor.Devices(settings.Workers) is var devices)
            results.Add(($"workers on {(devices.Count == 0 ? "no device" : string.Join(", ", devices))}", null));
        if (!settings.NoAuth)
        {
            var tokens = Try(() =>
            {
                if (!JobsHosting.OpenTokens(new ClusterOptions { DataFolder = settings.Data, Postgres = settings.Postgres }).List().Any(token => token.RevokedAt is null))
                    throw new InvalidOperationException("there is none; make one with 'locutor tokens create'");
            });
            results.Add(("a token", tokens));
        }
        return results;
    }

    private static async Task<string?> StoreAsync(ServeSettings settings, CancellationToken cancellation)
    {
        if (settings.S3Bucket is null)
            return null;
        try
        {
            using var store = new S3Store(new DataFolder(settings), settings);
            await store.TryOutAsync(cancellation);
            return null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return exception.Message;
        }
    }

    private static string Write(string path)
    {
        File.WriteAllBytes(path, new byte[1]);
        return path;
    }

    private static string? Try(Action look)
    {
        try
        {
            look();
            return null;
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }

    private static async Task<string?> RunsAsync(string program, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, "-version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? null : $"ended with code {process.ExitCode}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"cannot be started ({exception.Message})";
        }
    }
}
