namespace Locutor.Service.Settings;

/// <summary>The files of the web page, beside the program.</summary>
internal static class PageFolder
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "locutor-page");
}
