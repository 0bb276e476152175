namespace Locutor.CommandLine;

/// <summary>The exit codes of the program; docs/command-line.md documents them.</summary>
public static class ExitCodes
{
    public const int Success = 0;

    /// <summary>
    /// The program has a fault, or the result is wrong, for example a video with values that are not finite (<c>not_finite</c>).
    /// </summary>
    public const int Internal = 1;

    /// <summary>The command line is wrong: unknown option, value out of range, unknown model or preset.</summary>
    public const int Usage = 2;

    /// <summary>An input cannot be used: missing, broken, of the wrong kind, too large or too short.</summary>
    public const int BadInput = 3;

    /// <summary>The output cannot be written.</summary>
    public const int BadOutput = 4;

    /// <summary>Something that the program needs is missing: ffmpeg, files of a model, a GPU or memory.</summary>
    public const int Missing = 5;

    /// <summary>The program was stopped by Ctrl-C or SIGTERM.</summary>
    public const int Cancelled = 130;
}
