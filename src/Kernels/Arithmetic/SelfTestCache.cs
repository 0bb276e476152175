using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Torch;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Arithmetic;

/// <summary>
/// Stores results of the self test in a folder, one file for each identity. A file begins with the SHA-256 of the rest; a damaged file
/// counts as absent. Files are written under a temporary name and renamed, so that several processes can share the folder.
/// </summary>
public sealed class SelfTestCache(string folder)
{
    /// <summary>Part of every identity; increase it when a check or a path changes its meaning.</summary>
    private const int Version = 2;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>The cache in the folder of <see cref="TorchOptions.CacheFolder"/>.</summary>
    public static SelfTestCache Default => new(Path.Combine(KernelCache.UserFolder, "arithmetic"));

    /// <summary>Returns the stored results of an identity.</summary>
    public Dictionary<OperationKind, CheckResult> Read(string identity)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(PathOf(identity));
            if (bytes.Length <= SHA256.HashSizeInBytes) return [];
            var (hash, json) = (bytes.AsSpan(0, SHA256.HashSizeInBytes).ToArray(), bytes[SHA256.HashSizeInBytes..]);
            if (!SHA256.HashData(json).AsSpan().SequenceEqual(hash)) return [];
            var kept = JsonSerializer.Deserialize<Kept>(json, Options);
            return kept is null || kept.Identity != identity ? [] : kept.Results.ToDictionary(result => result.Kind);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>Adds results to the stored ones. If the folder cannot be written, nothing happens.</summary>
    public void Add(string identity, IReadOnlyDictionary<OperationKind, CheckResult> results)
    {
        var all = Read(identity);
        foreach (var (kind, result) in results) all[kind] = result;
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(new Kept(identity, [.. all.Values]), Options);
        string path = PathOf(identity), aside = $"{path}.{Random.Shared.Next():x8}.part";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(aside, [.. SHA256.HashData(json), .. json]);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(aside)) File.Delete(aside);
        }
    }

    /// <summary>Returns the file of an identity.</summary>
    internal string PathOf(string identity) =>
        Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Version}\n{identity}"))) + ".arithmetic");

    private sealed record Kept(string Identity, IReadOnlyList<CheckResult> Results);
}
