using System.Text;
using Locutor.Jobs.Grains;
using Locutor.Service.Availability;
using Locutor.Service.Settings;

namespace Locutor.Service.Files;

/// <summary>
/// The identity of a file store: a small file in the store whose content the database keeps too. By it a node or worker that uses the wrong
/// folder or bucket is detected before it can lose the files of a job.
/// </summary>
public sealed class StoreIdentity(IFileStore store, DataFolder folder)
{
    /// <summary>The name of the file in the data folder or the bucket.</summary>
    public const string FileName = "store.id";

    private const int LongestId = 64;

    public string Name => store.Name;

    /// <summary>Reads the identity from the store; null when there is none.</summary>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        await using var file = await store.OpenAsync(FileName, cancellationToken);
        if (file is null)
            return null;
        using var reader = new StreamReader(file);
        char[] buffer = new char[LongestId];
        int length = await reader.ReadBlockAsync(buffer, cancellationToken);
        return new string(buffer, 0, length).Trim();
    }

    public Task WriteAsync(string id, CancellationToken cancellationToken) =>
        store.KeepAsync(folder, Encoding.UTF8.GetBytes(id), FileName, "text/plain", cancellationToken);

    /// <summary>Returns the message for a store that does not belong to this service.</summary>
    public string Mismatch(string expected, string? found) =>
        $"{store.Name} is not the store of this service: its {FileName} is {found ?? "missing"}, expected {expected}";
}

/// <summary>Keeps a node from starting when its file store is not the one that the database knows.</summary>
internal sealed class StoreAgreement(IGrainFactory grains, StoreIdentity identity, ServeSettings settings, TimeProvider time)
    : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <exception cref="SettingsException">The store belongs to another database, or the database to another store.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (long from = time.GetTimestamp(); ; await Task.Delay(Pause, time, cancellationToken))
        {
            string? found = await identity.ReadAsync(cancellationToken);
            var agreed = await Outage.RetryAsync(
                () => grains.GetGrain<IStoreGrain>(IStoreGrain.Key).AgreeAsync(found, settings.AdoptStore), cancellationToken);
            if (agreed.Id == found)
                return;
            if (agreed.IsNew)
            {
                await identity.WriteAsync(agreed.Id, cancellationToken);
                return;
            }
            // Another node may have registered the store just now and is about to write the file.
            if (found is not null || time.GetElapsedTime(from) > Patience)
            {
                throw new SettingsException(
                    $"{identity.Mismatch(agreed.Id, found)}; nodes share one data folder or one bucket. If this store replaces " +
                    "a lost one, start once with --set adopt_store=true");
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
