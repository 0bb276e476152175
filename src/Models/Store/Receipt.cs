using System.Text.Json;
using Locutor.Files;

namespace Locutor.Models.Store;

/// <summary>Properties of a fetched file, stored next to it with the suffix <c>.receipt</c>.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="Sha256">SHA-256 of the content in lower-case hexadecimal.</param>
/// <param name="ETag">ETag that the hub reported.</param>
/// <param name="Commit">Commit that the revision pointed to.</param>
public sealed record Receipt(long Size, string Sha256, string? ETag, string? Commit)
{
    /// <summary>Reads the receipt of a file.</summary>
    /// <param name="path">The file that the receipt describes.</param>
    /// <returns>Null if there is no receipt.</returns>
    /// <exception cref="BundleException">The receipt is not valid JSON.</exception>
    internal static Receipt? Read(string path)
    {
        try
        {
            return File.Exists(path + ".receipt") ? JsonSerializer.Deserialize<Receipt>(File.ReadAllBytes(path + ".receipt")) : null;
        }
        catch (JsonException e)
        {
            throw new BundleException($"{path}.receipt: expected size and hash in JSON, found: {e.Message}", e);
        }
    }

    /// <summary>Writes the receipt of a file.</summary>
    /// <param name="path">The file that the receipt describes.</param>
    internal void Write(string path) => AtomicFile.Write(path + ".receipt", JsonSerializer.SerializeToUtf8Bytes(this));
}
