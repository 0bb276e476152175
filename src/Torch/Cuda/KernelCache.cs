using System.Security.Cryptography;
using System.Text;

namespace Locutor.Torch.Cuda;

/// <summary>
/// Compiled kernels in a folder, one file for each text, architecture and compiler. A file starts with the SHA-256 of the rest; one that
/// is torn or was changed counts as not there. Written aside and renamed, so that several processes can share the folder.
/// </summary>
public sealed class KernelCache(string folder)
{
    private const int HashBytes = 32;

    /// <summary>In the user's cache folder.</summary>
    public static KernelCache Default { get; } = new(Path.Combine(UserFolder, "kernels"));

    /// <summary>The program's part of the user's cache folder.</summary>
    public static string UserFolder => Path.Combine(Base(), "locutor");

    /// <summary>What was compiled before, or what <paramref name="compile"/> makes.</summary>
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
            return bytes.Length > HashBytes && SHA256.HashData(bytes.AsSpan(HashBytes)).AsSpan().SequenceEqual(bytes.AsSpan(0, HashBytes)) ? bytes[HashBytes..] : null;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A cache that cannot be written costs a second at the next start, no more.</summary>
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

    private static string Base() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}
