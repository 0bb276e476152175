using System.Text.Unicode;
using Locutor.Files;

namespace Locutor.CommandLine;

/// <summary>Checks what the shell gave to the program before any command runs: the current folder and the arguments.</summary>
internal static class Surroundings
{
    /// <summary>.NET puts this character in the place of bytes that are not UTF-8.</summary>
    private const char NotUtf8 = '\uFFFD';

    /// <exception cref="CommandException">
    /// The current folder was deleted, where libraries of libtorch end the process; or a name is not UTF-8, so that .NET would read and
    /// write files of another name.
    /// </exception>
    public static void Check(string[] args)
    {
        if (args.FirstOrDefault(IsDamaged) is { } damaged && !IsUtf8("/proc/self/cmdline"))
            throw new CommandException(ExitCodes.Usage, $"'{damaged}' is not UTF-8: rename the file, or convert the text");
        string folder = CurrentFolder.Path
            ?? throw new CommandException(ExitCodes.Missing, "the current folder does not exist any more: change to another one ('cd')");
        if (IsDamaged(folder))
            throw new CommandException(ExitCodes.Missing, $"the name of the current folder {folder} is not UTF-8: rename it");
    }

    /// <summary>A text may have that character of its own, for example a prompt that was copied from elsewhere.</summary>
    private static bool IsUtf8(string file) => File.Exists(file) && Utf8.IsValid(File.ReadAllBytes(file));

    private static bool IsDamaged(string text) => text.Contains(NotUtf8);
}
