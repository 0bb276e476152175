using System.Runtime.Versioning;
using Locutor.Files;
using Locutor.Jobs.Records;
using Locutor.Service.Settings;

namespace Locutor.Service.Files;

/// <summary>
/// The data folder of the service: <c>inputs/ID</c>, <c>results/ID</c>, <c>work/ID</c> (unfinished work of a job) and <c>aside</c> (files
/// that are being written). Paths contain only checked job ids, and records keep them relative to the root.
/// </summary>
public sealed class DataFolder
{
    private static readonly string[] Kinds = ["inputs", "work", "results"];

    public DataFolder(ServeSettings settings)
    {
        Root = Path.GetFullPath(settings.Data);
        foreach (string? name in Kinds.Append("aside").Prepend(""))
            Directory.CreateDirectory(Path.Combine(Root, name));
        // A volume of Kubernetes belongs to root, and the service may write to it as a member of its group (fsGroup).
        if (!OperatingSystem.IsWindows() && !MakePrivate(Root))
            foreach (string name in Kinds.Append("aside")) MakePrivate(Path.Combine(Root, name));
    }

    public string Root { get; }

    /// <summary>
    /// Returns a unique path for a file that is being written. It is on the file system of the final places, so that a rename is
    /// atomic.
    /// </summary>
    public string Aside() => Path.Combine(Root, "aside", Guid.NewGuid().ToString("N"));

    public static string InputPath(string jobId, string name) => Relative("inputs", jobId, name);

    public static string ResultPath(string jobId, string name) => Relative("results", jobId, name);

    /// <summary>Returns the folder in which attempts of a job keep unfinished work, so that a later attempt can resume.</summary>
    public string WorkFolder(string jobId) => Absolute(Relative("work", jobId, ""));

    public string Absolute(string relative)
    {
        string path = Path.GetFullPath(Path.Combine(Root, relative));
        return path.StartsWith(Root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new ArgumentException($"'{relative}' leaves the data folder");
    }

    /// <summary>Moves a finished file to its place in one atomic step. A reader sees the whole file or no file.</summary>
    /// <param name="aside">The finished file, at a path of <see cref="Aside"/>.</param>
    /// <param name="relative">Its place, relative to the root.</param>
    /// <param name="durable">True if the file must survive a power failure from now on.</param>
    public void Place(string aside, string relative, bool durable)
    {
        string target = Absolute(relative);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        AtomicFile.Rename(aside, target, durable);
    }

    /// <summary>Removes all files of a job.</summary>
    public void Remove(string jobId)
    {
        foreach (string kind in Kinds)
            Delete(Absolute(Relative(kind, jobId, "")));
    }

    public void RemoveWork(string jobId) => Delete(WorkFolder(jobId));

    /// <summary>Permits nobody else to read a folder. Returns false if the folder has another owner, who alone may do that.</summary>
    [UnsupportedOSPlatform("windows")]
    private static bool MakePrivate(string folder)
    {
        try
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Delete(string folder)
    {
        for (int attempt = 1; Directory.Exists(folder); attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
            }
            catch (IOException) when (attempt < 10)
            {
                // A worker that has just been asked to stop may still write there.
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>Returns, for each job with a folder, the time of the last write.</summary>
    public Dictionary<string, DateTimeOffset> Written() => Kinds
        .SelectMany(kind => new DirectoryInfo(Absolute(kind)).EnumerateDirectories())
        .Where(folder => JobId.IsValid(folder.Name))
        .GroupBy(folder => folder.Name, folder => new DateTimeOffset(folder.LastWriteTimeUtc))
        .ToDictionary(job => job.Key, job => job.Max());

    private static string Relative(string kind, string jobId, string name) => JobId.IsValid(jobId)
        ? Path.Combine(kind, jobId, name)
        : throw new ArgumentException("expected a job id");
}
