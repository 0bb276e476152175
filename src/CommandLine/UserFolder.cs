namespace Locutor.CommandLine;

/// <summary>The folder of the user's own settings for this program.</summary>
public static class UserFolder
{
    /// <summary>Returns the path of a file in the folder, such as <c>~/.config/locutor/defaults.json</c>; it need not exist.</summary>
    public static string File(string name) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "locutor", name);
}
