using Locutor.Service.Inputs;
using Locutor.Service.Settings;

namespace Locutor.Service.Operations;

/// <summary>How much of the disk inputs and results take. Measured by <see cref="Janitor"/>, asked at every submission.</summary>
public sealed class DiskQuota(DataFolder folder, ServeSettings settings)
{
    private const long LeastFree = 512L << 20;
    private readonly long _most = (long)(settings.QuotaGb * 1e9);
    private long _used;

    /// <summary>Bytes above the quota; 0 when within.</summary>
    public long Excess => Math.Max(0, Interlocked.Read(ref _used) - _most);

    /// <summary>Whether new jobs must be refused.</summary>
    public bool IsFull { get; private set; }

    public void Measure()
    {
        var used = new DirectoryInfo(folder.Root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Where(file => file.Directory?.FullName != folder.Root)
            .Sum(Length);
        Interlocked.Exchange(ref _used, used);
        IsFull = used > _most || new DriveInfo(folder.Root).AvailableFreeSpace < LeastFree;
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
