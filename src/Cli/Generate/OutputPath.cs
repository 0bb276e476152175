using Locutor.Media.Files;
using Locutor.Media.Video;

namespace Locutor.Cli.Generate;

/// <summary>A file that a command line writes.</summary>
/// <param name="Path">The path.</param>
/// <param name="Content">The content, such as captions; used in error messages.</param>
/// <param name="Named">
/// The output whose name decides the path, used in error messages: the path of the captions follows from the name of the video.
/// </param>
internal sealed record PlannedFile(string Path, string Content, string Named);

/// <summary>Checks before any work that the outputs can be written at the paths that the user wants.</summary>
internal static class OutputPath
{
    public static bool IsStandard(string path) => path == VideoDestination.Standard;

    /// <summary>Checks that a video can be written. No file is left behind.</summary>
    /// <exception cref="CommandException">The video cannot be written.</exception>
    public static void Check(string path)
    {
        if (VideoDestination.Refusal(path) is { } reason) throw new CommandException(ExitCodes.BadOutput, $"{path}: {reason}");
    }

    /// <summary>Checks that no output replaces an input or another output, even under another name.</summary>
    /// <param name="outputs">The files to write.</param>
    /// <param name="inputs">The inputs as the user gave them, and their names in messages.</param>
    /// <exception cref="CommandException">Two of them are one file.</exception>
    public static void CheckApart(IEnumerable<PlannedFile> outputs, IEnumerable<(string Address, string Name)> inputs)
    {
        var read = new Dictionary<string, string>();
        foreach (var (address, name) in inputs)
        {
            string path = InputFiles.PathOf(address);
            if (!IsStandard(path) && FileIdentity.Kind(path) != FileKind.Missing) read.TryAdd(FileIdentity.Key(path), name);
        }

        var written = new Dictionary<string, PlannedFile>();
        foreach (var output in outputs)
        {
            string key = FileIdentity.Key(output.Path);
            if (read.TryGetValue(key, out string? input))
                throw Lost(output, $"it is the input {input}, which would be lost");
            if (!written.TryAdd(key, output)) throw Lost(output, $"the {written[key].Content} would be lost: it is the same file");
        }
    }

    private static CommandException Lost(PlannedFile output, string why) =>
        WritablePath.Refused(output.Path, $"{why}; give the {output.Named} another name");
}
