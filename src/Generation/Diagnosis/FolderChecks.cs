using Locutor.Torch.Cuda;


namespace Locutor.Generation.Diagnosis;

/// <summary>Checks the folders that the program writes: whether they exist, are writable and have enough free space.</summary>
public static class FolderChecks
{
    /// <summary>Checks the folder of compiled kernels and self test results.</summary>
    public static Check Cache { get; } = new("cache", () => [LookAt("cache", KernelCache.UserFolder, 1L << 28)]);

    /// <summary>Checks the folder of temporary files: inputs from the web, and unfinished videos.</summary>
    public static Check Temporary { get; } = new("temporary", () => [LookAt("temporary", Path.GetTempPath(), 1L << 30)]);

    /// <summary>Checks the folder of fetched and prepared networks.</summary>
    public static Check Store(string folder) => new("store", () => [LookAt("store", folder, 1L << 30)]);

    /// <summary>Checks one folder.</summary>
    /// <param name="check">Name for the finding.</param>
    /// <param name="folder">The folder; it may not exist yet.</param>
    /// <param name="room">Free space in bytes below which the finding is a warning.</param>
    internal static Finding LookAt(string check, string folder, long room)
    {
        string there = folder;
        while (!Directory.Exists(there))
        {
            if (Path.GetDirectoryName(there) is not { Length: > 0 } above)
                return Finding.Failure(check, $"{folder} cannot be made", "name another folder");
            if (File.Exists(there))
            {
                return Finding.Failure(
                    check, $"{folder}: {there} is a file, expected a folder", "move the file away or name another folder");
            }

            there = above;
        }

        string state = there == folder ? folder : $"{folder} (will be made)";
        if (WriteFault(there) is { } why)
        {
            return Finding.Failure(
                check, $"{state}: {there} cannot be written ({why})",
                $"give this user ({Environment.UserName}) the right to write there, or name another folder");
        }

        long free = new DriveInfo(there).AvailableFreeSpace;
        string text = $"{state}, {MachineChecks.Gibibytes(free)} free";
        return free < room
            ? Finding.Warning(
                check, text,
                "little room is left on this disk; delete what is not needed ('locutor models prune' removes files of no bundle)")
            : Finding.Ok(check, text);
    }

    private static string? WriteFault(string folder)
    {
        try
        {
            using var probe = new FileStream(
                Path.Combine(folder, $".locutor-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1,
                FileOptions.DeleteOnClose);
            probe.WriteByte(0);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
