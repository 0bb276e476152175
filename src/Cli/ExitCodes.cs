namespace Locutor.Cli;

/// <summary>What the program answers to its caller; documented in README.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A fault of the program itself, with a report of where, or a video that cannot be right (<c>not_finite</c>).</summary>
    public const int Internal = 1;

    /// <summary>The command line is wrong: unknown option, value out of range, unknown model or preset.</summary>
    public const int Usage = 2;

    /// <summary>An input cannot be used: missing, broken, of the wrong kind, too large or too short.</summary>
    public const int BadInput = 3;

    /// <summary>The output cannot be written.</summary>
    public const int BadOutput = 4;

    /// <summary>Something the program needs is not there: ffmpeg, a model's files, a GPU, memory.</summary>
    public const int Missing = 5;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Cancelled = 130;
}
