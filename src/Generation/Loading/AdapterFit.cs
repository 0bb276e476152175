using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Generation.Loading;

/// <summary>
/// Checks that the adapters that a user chose from the store fit the model. Only names and shapes are read, so the check is quick. A wrong
/// adapter is refused before the networks in memory are unloaded.
/// </summary>
public static class AdapterFit
{
    /// <summary>
    /// Checks the user's adapters. If this machine does not have the model's files, nothing is checked here: a worker does it.
    /// </summary>
    /// <exception cref="RequestException">An adapter cannot be read, or was made for another network.</exception>
    public static void Check(ResolvedBundle model, IReadOnlyList<BundleAdapter> adapters)
    {
        BundleAdapter[] own = [.. adapters.Where(adapter => adapter.OwnName is not null)];
        var files = model.Bundle.Networks.Transformer.Files;
        if (own.Length == 0 || files.Any(file => model.TryLocate(file) is null)) return;
        using var network = NetworkCheckpoint.Open(files.Select(model.Locate));
        foreach (var adapter in own) Check(model.Bundle, network, adapter);
    }

    private static void Check(Bundle bundle, Checkpoint network, BundleAdapter adapter)
    {
        try
        {
            using var file = LoraFile.Open(adapter.File.Path);
            file.FitTo(network, adapter.Strength);
        }
        catch (Exception wrong) when (wrong is CheckpointException or IOException or UnauthorizedAccessException)
        {
            string reason = wrong.Message.Replace(adapter.File.Path, adapter.OwnName, StringComparison.Ordinal);
            throw new RequestException(
                VideoFields.Lora.Name, $"expected an adapter for the model {bundle.Name}, found one that does not fit: {reason}");
        }
    }
}
