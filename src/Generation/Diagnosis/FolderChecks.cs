using Locutor.Torch.Cuda;


namespace Locutor.Generation.Diagnosis;

/// <summary>Folders that the program writes: whether they are there, can be written and have room.</summary>
public static class FolderChecks
{
    /// <summary>Compiled kernels and results of the self test.</summary>
    public static Check Cache { get; } = new("cache", () => [LookAt("cache", KernelCache.UserFolder, 1L << 28)]);

    /// <summary>Inputs from the web, and the video while it is made.</summary>
    public static Check Temporary { get; } = new("temporary", () => [LookAt("temporary", Path.GetTempPath(), 1L << 30)]);

    /// <summary>Fetched and prepared networks.</summary>
    public static Check Store(string folder) => new("store", () => [LookAt("store", folder, 1L << 30)]);

    /// <param name="check">Name for the finding.</param>
    /// <param name="folder">It may not exist yet.</param>
    /// <param name="room">Bytes below which a warning is due.</param>
    internal static Finding LookAt(string check, string folder, long room)
    {
        string there = folder;
        while (!Directory.Exists(there))
        {
            if (Path.GetDirectoryName(there) is not { Length: > 0 } above) return Finding.Failure(check, $"{folder} cannot be made", "name another folder");
            if (File.Exists(there)) return Finding.Failure(check, $"{folder}: {there} is a file, expected a folder", "move the file away or name another folder");
            there = above;
        }

        string state = there == folder ? folder : $"{folder} (will be made)";
        if (WhyNotWritable(there) is { } why)
            return Finding.Failure(check, $"{state}: {there} cannot be written ({why})", $"give this user ({Environment.UserName}) the right to write there, or name another folder");
        long free = new DriveInfo(there).AvailableFreeSpace;
        string text = $"{state}, {MachineChecks.Gibibytes(free)} free";
        return free < room ? Finding.Warning(check, text, "little room is left on this disk; delete what is not needed ('locutor models prune' removes files of no bundle)") : Finding.Ok(check, text);
    }

    private static string? WhyNotWritable(string folder)
    {
        try
        {
            using var probe = new FileStream(Path.Combine(folder, $".locutor-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            probe.WriteByte(0);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
