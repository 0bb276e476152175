namespace Locutor.Files;

/// <summary>The current folder of the process.</summary>
public static class CurrentFolder
{
    /// <summary>
    /// Path of the folder; null if it was deleted. There the C library finds no path, and libraries of libtorch that are loaded end the
    /// process.
    /// </summary>
    public static string? Path
    {
        get
        {
            try
            {
                return Directory.GetCurrentDirectory();
            }
            catch (IOException)
            {
                return null;
            }
        }
    }
}
