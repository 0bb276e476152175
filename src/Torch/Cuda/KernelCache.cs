using System.Security.Cryptography;
using System.Text;

namespace Locutor.Torch.Cuda;

/// <summary>
/// Stores compiled kernels in a folder, one file for each source text, architecture and compiler. A file begins with the SHA-256 of the
/// rest; a damaged file counts as absent. Files are written under a temporary name and renamed, so that several processes can share the
/// folder.
/// </summary>
public sealed class KernelCache(string folder)
{
    private const int HashBytes = 32;

    /// <summary>The cache in the folder of <see cref="TorchOptions.CacheFolder"/>.</summary>
    public static KernelCache Default => new(Path.Combine(UserFolder, "kernels"));

    /// <summary>Folder of everything that this library caches.</summary>
    public static string UserFolder => TorchOptions.Current.CacheFolder;

    /// <summary>Returns a kernel that was compiled before, or compiles and stores it.</summary>
    /// <param name="source">Source text.</param>
    /// <param name="architecture">Target of the compiler.</param>
    /// <param name="compiler">Version of the compiler.</param>
    /// <param name="compile">Compiles the kernel.</param>
    public byte[] Get(string source, string architecture, string compiler, Func<byte[]> compile)
    {
        string path = Path.Combine(folder, Key(source, architecture, compiler) + ".cubin");
        if (Read(path) is { } known) return known;
        byte[] made = compile();
        TryWrite(path, made);
        return made;
    }

    private static byte[]? Read(string path)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            return bytes.Length > HashBytes && SHA256.HashData(bytes.AsSpan(HashBytes)).AsSpan().SequenceEqual(bytes.AsSpan(0, HashBytes))
                ? bytes[HashBytes..]
                : null;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Stores a kernel. A failure is ignored: the next start compiles it again, in about a second.</summary>
    private void TryWrite(string path, byte[] cubin)
    {
        string aside = $"{path}.{Random.Shared.Next():x8}.part";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(aside, [.. SHA256.HashData(cubin), .. cubin]);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(aside)) File.Delete(aside);
        }
    }

    private static string Key(string source, string architecture, string compiler) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{compiler}\n{architecture}\n{source}")));
}
