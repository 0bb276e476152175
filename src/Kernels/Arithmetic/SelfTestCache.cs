using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Arithmetic;

/// <summary>
/// Outcomes of the self test in a folder, one file per identity. A file starts with the SHA-256 of the rest; one that is torn or was
/// changed counts as absent. Files are written under another name and renamed, so that several processes can share the folder.
/// </summary>
public sealed class SelfTestCache(string folder)
{
    /// <summary>Part of every identity: change it whenever a check or a path changes its meaning.</summary>
    private const int Version = 2;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>In the user's cache folder.</summary>
    public static SelfTestCache Default { get; } = new(Path.Combine(KernelCache.UserFolder, "arithmetic"));

    /// <summary>Outcomes of that identity; empty when there are none.</summary>
    public Dictionary<OperationKind, CheckResult> Read(string identity)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(PathOf(identity));
            if (bytes.Length <= SHA256.HashSizeInBytes || !SHA256.HashData(bytes.AsSpan(SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes))) return [];
            var kept = JsonSerializer.Deserialize<Kept>(bytes.AsSpan(SHA256.HashSizeInBytes), Options);
            return kept is null || kept.Identity != identity ? [] : kept.Results.ToDictionary(result => result.Kind);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>Adds outcomes to those that are there. Nothing happens where the folder cannot be written.</summary>
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

    /// <summary>The file of that identity.</summary>
    internal string PathOf(string identity) =>
        Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Version}\n{identity}"))) + ".arithmetic");

    private sealed record Kept(string Identity, IReadOnlyList<CheckResult> Results);
}
