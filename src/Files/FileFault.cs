namespace Locutor.Files;

/// <summary>Describes why a file or folder cannot be used, in words for a user.</summary>
public static class FileFault
{
    /// <summary>Returns the reason of a failure of the file system, as a part of a sentence.</summary>
    public static string Describe(Exception failure) => failure switch
    {
        FileNotFoundException => "no such file",
        DirectoryNotFoundException => "no such folder",
        UnauthorizedAccessException => "no permission",
        _ => failure.Message.TrimEnd('.'),
    };
}
