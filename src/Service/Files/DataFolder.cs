using Locutor.Jobs.Records;
using Locutor.Service.Settings;

namespace Locutor.Service.Files;

/// <summary>
/// The files of the service: <c>inputs/ID</c>, <c>results/ID</c>, <c>work/ID</c> (an attempt's unfinished work) and <c>aside</c> (being
/// written). Paths are made from checked job ids only, and records hold them relative to the root.
/// </summary>
public sealed class DataFolder
{
    private static readonly string[] Kinds = ["inputs", "work", "results"];

    public DataFolder(ServeSettings settings)
    {
        Root = Path.GetFullPath(settings.Data);
        foreach (var name in Kinds.Append("aside").Prepend(""))
            Directory.CreateDirectory(Path.Combine(Root, name));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Root { get; }

    /// <summary>A name nobody else has, on the same file system as everything that is renamed to its place from there.</summary>
    public string Aside() => Path.Combine(Root, "aside", Guid.NewGuid().ToString("N"));

    public static string InputPath(string jobId, string name) => Relative("inputs", jobId, name);

    public static string ResultPath(string jobId, string name) => Relative("results", jobId, name);

    /// <summary>Where the attempts of a job keep what a later one can go on from.</summary>
    public string WorkFolder(string jobId) => Absolute(Relative("work", jobId, ""));

    public string Absolute(string relative)
    {
        var path = Path.GetFullPath(Path.Combine(Root, relative));
        return path.StartsWith(Root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new ArgumentException($"'{relative}' leaves the data folder");
    }

    /// <summary>Gives a file written aside its place; whoever opens the place sees the whole file or none.</summary>
    public void Place(string aside, string relative)
    {
        var target = Absolute(relative);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(aside, target, overwrite: true);
    }

    /// <summary>Removes what belongs to a job.</summary>
    public void Remove(string jobId)
    {
        foreach (var kind in Kinds)
            Delete(Absolute(Relative(kind, jobId, "")));
    }

    public void RemoveWork(string jobId) => Delete(WorkFolder(jobId));

    private static void Delete(string folder)
    {
        for (var attempt = 1; Directory.Exists(folder); attempt++)
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
                // A worker that has just been told to stop still writes there.
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>When something was last put into the folders of each job that has any.</summary>
    public Dictionary<string, DateTimeOffset> Written() => Kinds
        .SelectMany(kind => new DirectoryInfo(Absolute(kind)).EnumerateDirectories())
        .Where(folder => JobId.IsValid(folder.Name))
        .GroupBy(folder => folder.Name, folder => new DateTimeOffset(folder.LastWriteTimeUtc))
        .ToDictionary(job => job.Key, job => job.Max());

    private static string Relative(string kind, string jobId, string name) => JobId.IsValid(jobId)
        ? Path.Combine(kind, jobId, name)
        : throw new ArgumentException("expected a job id");
}
