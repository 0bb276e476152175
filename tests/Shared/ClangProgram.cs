namespace Locutor.Tests;

/// <summary>The clang that ./test installs.</summary>
public static class ClangProgram
{
    private static readonly string[] Names = ["clang-22", "clang-21", "clang-20"];

    /// <summary>The newest clang on the search path; null if there is none.</summary>
    public static string? Name { get; } = Names.FirstOrDefault(
        name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name))));
}
