namespace Locutor.Torch.Cuda;

/// <summary>
/// Stores compiled kernels in a folder, one file for each source text, architecture and compiler (see <see cref="CacheFiles"/>).
/// </summary>
public sealed class KernelCache(string folder)
{
    private readonly CacheFiles files = new(folder, ".cubin");

    /// <summary>The cache in the folder of <see cref="TorchOptions.CacheFolder"/>.</summary>
    public static KernelCache Default => new(Path.Combine(UserFolder, "kernels"));

    /// <summary>Folder of everything that this library caches.</summary>
    public static string UserFolder => TorchOptions.Current.CacheFolder;

    /// <summary>
    /// Returns a kernel that was compiled before, or compiles and stores it. A kernel that cannot be stored is compiled again at the next
    /// start.
    /// </summary>
    /// <param name="source">Source text.</param>
    /// <param name="architecture">Target of the compiler.</param>
    /// <param name="compiler">Version of the compiler.</param>
    /// <param name="compile">Compiles the kernel.</param>
    public byte[] Get(string source, string architecture, string compiler, Func<byte[]> compile)
    {
        string key = $"{compiler}\n{architecture}\n{source}";
        if (files.Read(key) is { } known) return known;
        byte[] made = compile();
        files.TryWrite(key, made);
        return made;
    }
}
