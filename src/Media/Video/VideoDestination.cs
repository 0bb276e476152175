using Locutor.Media.Files;

namespace Locutor.Media.Video;

/// <summary>Checks where a video is to go before any work is done.</summary>
public static class VideoDestination
{
    /// <summary>The name that stands for standard output.</summary>
    public const string Standard = OutputFile.Standard;

    /// <summary>Why a video cannot be written there; null when it can. Nothing is left behind.</summary>
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

    /// <summary>The format that a name asks for; mp4 for a pipe, a device and standard output.</summary>
    /// <exception cref="MediaException">An extension that is not written.</exception>
    public static VideoFormat Format(string path) => OutputFile.Format(path);
}
