namespace Locutor.Files;

/// <summary>The user's home folder.</summary>
public static class HomeFolder
{
    /// <summary>
    /// Absolute path of the folder, which need not exist: with a check the path of a missing one would be empty, and all paths below it
    /// would be in the current folder.
    /// </summary>
    public static string Path =>
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
}
