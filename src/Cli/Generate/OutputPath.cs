using Locutor.Media.Files;
using Locutor.Media.Video;

namespace Locutor.Cli.Generate;

/// <summary>Checks before any work that a video can be written at the path that the user wants.</summary>
internal static class OutputPath
{
    public static bool IsStandard(string path) => path == VideoDestination.Standard;

    /// <summary>Checks that a video can be written. No file is left behind.</summary>
    /// <param name="path">The path of the output.</param>
    /// <param name="inputs">The inputs as the user gave them. The output must not be one of these files, even under another name.</param>
    /// <exception cref="CommandException">The video cannot be written.</exception>
    public static void Check(string path, IEnumerable<string> inputs)
    {
        foreach (string input in inputs.Select(InputFiles.PathOf))
        {
            if (FileIdentity.Same(path, input))
                throw WritablePath.Refused(path, $"it is the input {input}, which would be lost; give the video another name");
        }
        if (VideoDestination.Refusal(path) is { } reason) throw new CommandException(ExitCodes.BadOutput, $"{path}: {reason}");
    }
}
