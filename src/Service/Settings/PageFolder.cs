namespace Locutor.Service.Settings;

/// <summary>The folder with the files of the web page, next to the program.</summary>
internal static class PageFolder
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "locutor-page");
}
