using Locutor.Jobs;
using Locutor.Service.Settings;

namespace Locutor.Service.Files;

/// <summary>How much of the disk inputs and results take. Measured by the janitor of Operations, asked at every submission.</summary>
public sealed class DiskQuota(DataFolder folder, ServeSettings settings)
{
    private const long LeastFree = 512L << 20;
    private readonly long _most = (long)(settings.QuotaGb * 1e9);
    private long _used;

    /// <summary>Bytes of inputs, results and unfinished work, as measured last.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Bytes that they may take.</summary>
    public long Most => _most;

    /// <summary>Bytes that are free on the disk of the data folder.</summary>
    public long Free => new DriveInfo(folder.Root).AvailableFreeSpace;

    /// <summary>Bytes above the quota; 0 when within.</summary>
    public long Excess => Math.Max(0, Interlocked.Read(ref _used) - _most);

    /// <summary>Whether new jobs must be refused.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Shows the figures among the metrics.</summary>
    public void Show(JobsMetrics metrics)
    {
        metrics.Gauge("locutor.disk.used", "By", "bytes of inputs, results and unfinished work in the data folder", () => Used);
        metrics.Gauge("locutor.disk.quota", "By", "bytes that they may take, the setting quota_gb", () => Most);
        metrics.Gauge("locutor.disk.free", "By", "bytes that are free on the disk of the data folder", () => Free);
    }

    public void Measure()
    {
        var used = new DirectoryInfo(folder.Root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Where(file => file.Directory?.FullName != folder.Root)
            .Sum(Length);
        Interlocked.Exchange(ref _used, used);
        IsFull = used > _most || Free < LeastFree;
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
