namespace Locutor.Cli.Generate;

/// <summary>Finds out before any work whether a file can be written.</summary>
internal static class OutputPath
{
    /// <exception cref="CommandException">It cannot; nothing was left behind.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path)) throw Refused(path, "is a folder, expected the name of a file");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder)) throw Refused(path, $"there is no folder {folder}");
        string probe = Path.Combine(folder, $".locutor-{Guid.NewGuid():N}");
        try
        {
            using (File.Create(probe, 1, FileOptions.DeleteOnClose)) { }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, failure.Message);
        }
    }

    private static CommandException Refused(string path, string why) => new(ExitCodes.BadOutput, $"cannot write {path}: {why}");
}
