using System.Security.Cryptography;
using System.Text;
using Locutor.Files;

namespace Locutor.Torch;

/// <summary>
/// Stores results in a folder, one file for each key. A file begins with the SHA-256 of the rest; a damaged file counts as absent. Files
/// are written under a temporary name and renamed, so that several processes can share the folder.
/// </summary>
/// <param name="folder">The folder; it is created when the first file is written.</param>
/// <param name="extension">End of the file names, with its dot.</param>
public sealed class CacheFiles(string folder, string extension)
{
    private const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>Returns the content stored for a key, or null if there is none.</summary>
    public byte[]? Read(string key)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(PathOf(key));
            return bytes.Length > HashBytes && SHA256.HashData(bytes.AsSpan(HashBytes)).AsSpan().SequenceEqual(bytes.AsSpan(0, HashBytes))
                ? bytes[HashBytes..]
                : null;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Stores content for a key. If the folder cannot be written, nothing is stored.</summary>
    public void TryWrite(string key, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(PathOf(key), [.. SHA256.HashData(content), .. content]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next program computes the result again.
        }
    }

    /// <summary>Returns the file of a key.</summary>
    public string PathOf(string key) =>
        Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))) + extension);
}
