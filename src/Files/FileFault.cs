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
        PathTooLongException => "the path is too long",
        IOException => WithoutPath(failure.Message).TrimEnd('.'),
        _ => failure.Message.TrimEnd('.'),
    };

    /// <summary>
    /// Removes the path that .NET appends to the reason of the system, such as <c>No space left on device : '/tmp/a.part'</c>: the sentence
    /// names the file already, and the path may be that of a temporary file.
    /// </summary>
    private static string WithoutPath(string message) =>
        message.EndsWith('\'') && message.IndexOf(" : '", StringComparison.Ordinal) is > 0 and var end ? message[..end] : message;
}
