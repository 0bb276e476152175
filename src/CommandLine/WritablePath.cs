using Locutor.Files;

namespace Locutor.CommandLine;

/// <summary>Checks before any work that a file can be written at the path that the user wants.</summary>
public static class WritablePath
{
    /// <summary>Checks that a file that is not a video can be written. No file is left behind.</summary>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path)) throw Refused(path, "it is a folder; expected the name of a file");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder)) throw Refused(path, $"there is no folder {folder}");
        try
        {
            using (File.Create(Path.Combine(folder, $".locutor-{Guid.NewGuid():N}"), 1, FileOptions.DeleteOnClose)) { }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, FileFault.Describe(failure));
        }
    }

    /// <summary>Creates the error for an output that cannot be written.</summary>
    public static CommandException Refused(string path, string why) => new(ExitCodes.BadOutput, $"{path}: cannot be written ({why})");
}
