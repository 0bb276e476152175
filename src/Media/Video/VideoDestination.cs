namespace Locutor.Media.Video;

/// <summary>Checks the destination of a video before any work is done.</summary>
public static class VideoDestination
{
    /// <summary>The path that means standard output.</summary>
    public const string Standard = OutputFile.Standard;

    /// <summary>True if a path is standard output, a pipe or a device, whose bytes are written directly.</summary>
    /// <exception cref="MediaException">The destination is a disk or a socket.</exception>
    public static bool IsStream(string path) => OutputFile.Streaming(path);

    /// <summary>Returns the reason why a video cannot be written to a path; null if it can. No file is left behind.</summary>
    public static string? Refusal(string path)
    {
        try
        {
            OutputFile.Format(path);
            if (!OutputFile.Streaming(path)) OutputFile.Open(path).Dispose();
            return null;
        }
        catch (MediaException e)
        {
            return e.Message.StartsWith(path + ": ", StringComparison.Ordinal) ? e.Message[(path.Length + 2)..] : e.Message;
        }
    }

    /// <summary>Returns the format for the extension of a path; mp4 for a pipe, a device and standard output.</summary>
    /// <exception cref="MediaException">The extension is not supported.</exception>
    public static VideoFormat Format(string path) => OutputFile.Format(path);
}
