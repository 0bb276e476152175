using System.Text.RegularExpressions;

namespace Locutor.Models.Store;

/// <summary>
/// The adapters (LoRA) that an operator has put into the store: <c>adapters/BUNDLE/NAME.safetensors</c>. Users choose one of these names.
/// A name from a user is only compared with the names of the files, and never becomes part of a path.
/// </summary>
public static partial class AdapterFolder
{
    /// <summary>Name of the folder within the store.</summary>
    public const string Name = "adapters";

    /// <summary>Extension of adapter files.</summary>
    public const string Extension = ".safetensors";

    /// <summary>Characters that a name may have; files with other names are not offered.</summary>
    public const string NameForm = "letters, digits, '.', '_' and '-', at most 64";

    /// <summary>Returns the bundle with the adapters that are in the store now. A bundle without files has no adapters.</summary>
    public static ResolvedBundle Fill(ResolvedBundle model) =>
        model.Folder is null ? model : model with { Bundle = model.Bundle with { OwnAdapters = List(model.Store, model.Bundle.Name) } };

    /// <summary>True for a name that an adapter can have.</summary>
    public static bool IsName(string name) => AdapterName().IsMatch(name);

    private static Dictionary<string, BundleFile> List(ModelStore store, string bundle)
    {
        string folder = Path.Combine(store.Folder, Name, bundle);
        if (!BundleName().IsMatch(bundle) || !Directory.Exists(folder)) return [];
        return new DirectoryInfo(folder).EnumerateFiles("*" + Extension)
            .Select(file => (Name: file.Name[..^Extension.Length], File: file))
            .Where(found => IsName(found.Name))
            .OrderBy(found => found.Name, StringComparer.Ordinal)
            .ToDictionary(found => found.Name, found => Describe(found.File), StringComparer.Ordinal);
    }

    private static BundleFile Describe(FileInfo file)
    {
        var target = file.ResolveLinkTarget(true) as FileInfo ?? file;
        return new BundleFile(file.FullName, Size: target.Exists ? target.Length : null) { Modified = target.LastWriteTimeUtc };
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex AdapterName();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]*\z")]
    private static partial Regex BundleName();
}
