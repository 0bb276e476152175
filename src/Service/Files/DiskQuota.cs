using Locutor.Jobs.Grains;
using Locutor.Service.Settings;

namespace Locutor.Service.Files;

/// <summary>
/// The disk space of inputs and results, compared with the quota. The janitor measures it, and every submission checks it.
/// </summary>
public sealed class DiskQuota(DataFolder folder, ServeSettings settings)
{
    private const long LeastFree = 512L << 20;
    private readonly long most = (long)(settings.QuotaGb * 1e9);
    private long used;

    /// <summary>The bytes of inputs, results and unfinished work at the last measurement.</summary>
    public long Used => Interlocked.Read(ref used);

    /// <summary>The quota in bytes.</summary>
    public long Most => most;

    /// <summary>The free bytes on the disk of the data folder.</summary>
    public long Free => new DriveInfo(folder.Root).AvailableFreeSpace;

    /// <summary>The bytes above the quota; 0 when the quota is kept.</summary>
    public long Excess => Math.Max(0, Interlocked.Read(ref used) - most);

    /// <summary>Whether the quota is used up, so that new jobs must be refused.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Adds the values to the metrics.</summary>
    public void Show(JobsMetrics metrics)
    {
        metrics.Gauge("locutor.disk.used", "By", "bytes of inputs, results and unfinished work in the data folder", () => Used);
        metrics.Gauge("locutor.disk.quota", "By", "bytes that they may take, the setting quota_gb", () => Most);
        metrics.Gauge("locutor.disk.free", "By", "bytes that are free on the disk of the data folder", () => Free);
    }

    public void Measure()
    {
        long used = new DirectoryInfo(folder.Root)
            .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Where(file => file.Directory?.FullName != folder.Root).Sum(Length);
        Interlocked.Exchange(ref this.used, used);
        IsFull = used > most || Free < LeastFree;
    }

    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
