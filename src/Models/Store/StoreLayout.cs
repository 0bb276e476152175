using System.Text.RegularExpressions;

namespace Locutor.Models.Store;

/// <summary>
/// Maps a hub file to its path in the store, <c>OWNER--NAME/REVISION/PATH</c>. The names come from bundle files and are untrusted.
/// </summary>
internal static partial class StoreLayout
{
    private static readonly string[] Suffixes = [".part", ".journal", ".lock", ".receipt"];

    /// <summary>Returns the path of a hub file, relative to the store.</summary>
    /// <exception cref="BundleException">A repository, revision or path could lead outside the store.</exception>
    public static string Relative(BundleFile file)
    {
        if (file.Repository is not { } repository || !Repository().IsMatch(repository)
            || repository.Contains("..", StringComparison.Ordinal))
        {
            throw new BundleException($"{file.Path}: expected a repository OWNER/NAME, found {file.Repository ?? "none"}");
        }

        string revision = file.Revision ?? "main";
        if (!Revision().IsMatch(revision) || revision.Contains("..", StringComparison.Ordinal))
            throw new BundleException($"{repository}/{file.Path}: expected a branch, tag or commit, found {revision}");
        string[] parts = file.Path.Split('/');
        if (file.Path.Length is 0 or > 500
            || parts.Any(
                p => p.Length == 0 || p is "." or ".." || p.AsSpan().ContainsAny("\\\0:") || p.Any(char.IsControl) || IsOurs(p)))
        {
            throw new BundleException($"{repository}: expected a path within the repository, found {file.Path}");
        }

        return Path.Combine(
            [repository.Replace("/", "--", StringComparison.Ordinal), revision.Replace("/", "--", StringComparison.Ordinal), .. parts]);
    }

    /// <summary>True for the suffixes of the store's own files, such as <c>.part</c> and <c>.journal</c>.</summary>
    public static bool IsOurs(string name) => Suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
    private static partial Regex Repository();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")]
    private static partial Regex Revision();
}
