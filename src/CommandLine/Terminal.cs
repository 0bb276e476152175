namespace Locutor.CommandLine;

/// <summary>What the terminal of standard error and standard output can show.</summary>
public static class Terminal
{
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

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") is "dumb" or null && !OperatingSystem.IsWindows();
}
