namespace Locutor.Media.Processes;

/// <summary>Paths of ffmpeg and ffprobe.</summary>
public sealed record FfmpegTools(string Ffmpeg, string Ffprobe)
{
    private const string HowToInstall =
        "install ffmpeg (Debian and Ubuntu: apt-get install ffmpeg; macOS: brew install ffmpeg; Windows: winget install ffmpeg)";

    /// <summary>Finds both programs on PATH.</summary>
    /// <exception cref="MediaException">One is missing; the message tells what to install.</exception>
    public static FfmpegTools Find() => Find(Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static FfmpegTools Find(string searchPath) => new(Locate("ffmpeg", searchPath), Locate("ffprobe", searchPath));

    private static string Locate(string tool, string searchPath) =>
        ToolPath.Find(tool, searchPath)
            ?? throw new MediaException(MediaErrorCodes.Internal, $"{tool} was not found on PATH: {HowToInstall}");
}
