using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Torch;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Arithmetic;

/// <summary>Stores results of the self test in a folder, one file for each identity (see <see cref="CacheFiles"/>).</summary>
public sealed class SelfTestCache(string folder)
{
    /// <summary>Part of every identity; increase it when a check or a path changes its meaning.</summary>
    private const int Version = 2;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
    };

    private readonly CacheFiles files = new(folder, ".arithmetic");

    /// <summary>The cache in the folder of <see cref="TorchOptions.CacheFolder"/>.</summary>
    public static SelfTestCache Default => new(Path.Combine(KernelCache.UserFolder, "arithmetic"));

    /// <summary>Returns the stored results of an identity.</summary>
    public Dictionary<OperationKind, CheckResult> Read(string identity)
    {
        if (files.Read(KeyOf(identity)) is not { } json) return [];
        try
        {
            var kept = JsonSerializer.Deserialize<Kept>(json, Options);
            return kept is null || kept.Identity != identity ? [] : kept.Results.ToDictionary(result => result.Kind);
        }
        catch (Exception foreign) when (foreign is JsonException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>Adds results to the stored ones. If the folder cannot be written, nothing is stored.</summary>
    public void Add(string identity, IReadOnlyDictionary<OperationKind, CheckResult> results)
    {
        var all = Read(identity);
        foreach (var (kind, result) in results) all[kind] = result;
        files.TryWrite(KeyOf(identity), JsonSerializer.SerializeToUtf8Bytes(new Kept(identity, [.. all.Values]), Options));
    }

    /// <summary>Returns the file of an identity.</summary>
    internal string PathOf(string identity) => files.PathOf(KeyOf(identity));

    private static string KeyOf(string identity) => $"{Version}\n{identity}";

    private sealed record Kept(string Identity, IReadOnlyList<CheckResult> Results);
}
