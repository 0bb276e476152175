namespace Locutor.CommandLine;

/// <summary>The terminal of standard error and standard output: its abilities, and questions to the person in front of it.</summary>
public static class Terminal
{
    /// <summary>Moves to the start of the line and erases it.</summary>
    public const string EraseLine = "\r\u001b[2K";

    private const int UsualWidth = 80;

    /// <summary>Whether lines of standard error can be redrawn.</summary>
    public static bool CanRedraw => !Console.IsErrorRedirected && !IsDumb;

    /// <summary>Whether colours are wanted: the terminal has them, and NO_COLOR (https://no-color.org) is not set.</summary>
    public static bool HasColours => !IsDumb && Environment.GetEnvironmentVariable("NO_COLOR") is not { Length: > 0 };

    /// <summary>Whether a person can be asked: questions are on standard error, answers on standard input.</summary>
    public static bool CanAsk => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    /// <summary>The number of columns; 80 where it is unknown.</summary>
    public static int Width
    {
        get
        {
            try
            {
                return Console.WindowWidth is > 0 and var width ? width : UsualWidth;
            }
            catch (IOException)
            {
                return UsualWidth;
            }
        }
    }

    /// <summary>Asks a question on standard error and returns the answer; null at the end of the input.</summary>
    public static string? Ask(string question)
    {
        Console.Error.Write(question);
        return Console.ReadLine();
    }

    /// <summary>Returns whether an answer means yes. Everything else means no.</summary>
    public static bool IsYes(string? answer) => answer?.Trim().ToLowerInvariant() is "y" or "yes";

    /// <summary>Asks whether something may be deleted.</summary>
    /// <exception cref="CommandException">There is no terminal to ask.</exception>
    public static bool MayDelete(string what) => CanAsk
        ? IsYes(Ask($"Delete {what}? [y/N] "))
        : throw new CommandException(ExitCodes.Usage, "expected -y, because there is no terminal to ask");

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") is "dumb" or null && !OperatingSystem.IsWindows();
}
