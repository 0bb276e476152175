using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Generation.Loading;

/// <summary>Finds the bundle that a user names.</summary>
public static class ModelFinder
{
    /// <summary>Name of the bundle that ships with the program.</summary>
    public const string DefaultName = "sketch";

    /// <summary>Returns the bundle of that name or path.</summary>
    /// <param name="name">A bundle of the catalogue, the path of a <c>bundle.json</c>, or <see cref="UntrainedBundle.Name"/>; null for the
    /// bundle that ships with the program.</param>
    /// <param name="store">Folder of fetched and prepared files; null for <see cref="ModelStore.DefaultFolder"/>.</param>
    /// <exception cref="RequestException">There is no such bundle.</exception>
    /// <exception cref="BundleException">The file is not a valid bundle.</exception>
    public static ResolvedBundle Find(string? name, string? store = null)
    {
        var catalogue = BundleCatalogue.Default(store);
        name ??= catalogue.Find(DefaultName) is null ? UntrainedBundle.Name : DefaultName;
        if (name == UntrainedBundle.Name) return new(UntrainedBundle.Bundle, null, catalogue.Store);
        return catalogue.FindOrRead(name)
            ?? throw new RequestException(
                "model", $"expected one of {string.Join(", ", catalogue.Names().Append(UntrainedBundle.Name))}, found '{name}'");
    }
}
