namespace Locutor.Media.Processes;

/// <summary>Finds programs on PATH.</summary>
public static class ToolPath
{
    /// <summary>Returns the full path of a program; null if PATH has none of that name.</summary>
    /// <param name="tool">Name without an extension.</param>
    /// <param name="searchPath">Folders to search; null for the variable PATH.</param>
    public static string? Find(string tool, string? searchPath = null)
    {
        string name = OperatingSystem.IsWindows() ? tool + ".exe" : tool;
        return (searchPath ?? Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(path => Path.IsPathFullyQualified(path) && File.Exists(path));
    }
}
