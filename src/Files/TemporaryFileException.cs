namespace Locutor.Files;

/// <summary>A temporary file or folder cannot be written: its disk is full, is read-only, or does not permit it.</summary>
public sealed class TemporaryFileException : IOException
{
    private TemporaryFileException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Creates the exception for a failure in the system's folder of temporary files.</summary>
    public static TemporaryFileException Create(Exception failure) => new(
        $"a temporary file in {Path.GetTempPath()} cannot be written ({FileFault.Describe(failure)}); the variable TMPDIR can name " +
        "another folder",
        failure);
}
