namespace Locutor.Service.Workers;

/// <summary>Counts the GPUs that CUDA shows to this process and its child processes.</summary>
public static class VisibleGpus
{
    public const string Variable = "CUDA_VISIBLE_DEVICES";
    private const string Cards = "/proc/driver/nvidia/gpus";

    /// <summary>Counts the visible GPUs of this machine.</summary>
    public static int Count() =>
        Count(Environment.GetEnvironmentVariable(Variable), Directory.Exists(Cards) ? Directory.GetDirectories(Cards).Length : 0);

    /// <summary>
    /// Counts the visible GPUs as the CUDA driver does: entries of the variable count up to the first one that does not name a GPU.
    /// </summary>
    /// <param name="visible">
    /// The value of the variable: numbers or identifiers (GPU-..., MIG-...), separated by commas; null shows all.
    /// </param>
    /// <param name="cards">The number of GPUs in the machine.</param>
    public static int Count(string? visible, int cards) => visible is null
        ? cards
        : Math.Min(cards, visible.Split(',', StringSplitOptions.TrimEntries).TakeWhile(entry => Names(entry, cards)).Distinct().Count());

    private static bool Names(string entry, int cards) => int.TryParse(entry, out int number)
        ? number >= 0 && number < cards
        : entry.StartsWith("GPU-", StringComparison.Ordinal) || entry.StartsWith("MIG-", StringComparison.Ordinal);
}
