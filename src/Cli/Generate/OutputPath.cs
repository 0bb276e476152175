using Locutor.Media.Files;
using Locutor.Media.Video;

namespace Locutor.Cli.Generate;

/// <summary>Finds out before any work whether a video can be written where the user wants it.</summary>
internal static class OutputPath
{
    public static bool IsStandard(string path) => path == VideoDestination.Standard;

    /// <param name="path">Of the output.</param>
    /// <param name="inputs">Paths and addresses as the user gave them; the output is none of them by whatever name.</param>
    /// <exception cref="CommandException">It cannot; nothing was left behind.</exception>
    public static void Check(string path, IEnumerable<string> inputs)
    {
        foreach (string input in inputs.Select(InputFiles.PathOf))
        {
            if (FileIdentity.Same(path, input)) throw Refused(path, $"it is the input {input}, which would be lost; give the video another name");
        }
        if (VideoDestination.Refusal(path) is { } reason) throw Refused(path, reason);
    }

    /// <summary>The same for a file that is no video.</summary>
    /// <exception cref="CommandException">It cannot; nothing was left behind.</exception>
    public static void CheckFile(string path)
    {
        if (Directory.Exists(path)) throw Refused(path, "is a folder, expected the name of a file");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder)) throw Refused(path, $"there is no folder {folder}");
        try
        {
            using (File.Create(Path.Combine(folder, $".locutor-{Guid.NewGuid():N}"), 1, FileOptions.DeleteOnClose)) { }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, failure.Message);
        }
    }

    private static CommandException Refused(string path, string why) => new(ExitCodes.BadOutput, $"cannot write {path}: {why}");
}
