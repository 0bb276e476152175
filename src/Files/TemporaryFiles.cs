namespace Locutor.Files;

/// <summary>
/// The temporary files and folders of this process. Their owners delete them. A program that must end while its owners still work deletes
/// them all at once.
/// </summary>
public static class TemporaryFiles
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Paths = [];
    private static bool ending;

    /// <summary>Deletes all temporary files and folders before the process ends. Later calls of <see cref="Add"/> fail.</summary>
    public static void DeleteAll()
    {
        string[] left;
        lock (Gate)
        {
            ending = true;
            left = [.. Paths];
            Paths.Clear();
        }

        Delete(left);
    }

    /// <summary>Deletes files and folders. One that cannot be deleted does not stop the others.</summary>
    internal static void Delete(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            try
            {
                if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
                else File.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Continue with the next one.
            }
        }
    }

    /// <summary>Registers a path before a file or a folder is created there.</summary>
    /// <exception cref="OperationCanceledException">The process is about to end.</exception>
    internal static void Add(string path)
    {
        lock (Gate)
        {
            if (ending) throw new OperationCanceledException("the program ends");
            Paths.Add(path);
        }
    }

    /// <summary>Forgets a path that was renamed or deleted.</summary>
    internal static void Remove(string path)
    {
        lock (Gate) Paths.Remove(path);
    }
}
