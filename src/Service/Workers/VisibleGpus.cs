namespace Locutor.Service.Workers;

/// <summary>How many GPUs CUDA shows to this process and the ones that it starts.</summary>
public static class VisibleGpus
{
    public const string Variable = "CUDA_VISIBLE_DEVICES";
    private const string Cards = "/proc/driver/nvidia/gpus";

    /// <summary>On this machine.</summary>
    public static int Count() => Count(Environment.GetEnvironmentVariable(Variable), Directory.Exists(Cards) ? Directory.GetDirectories(Cards).Length : 0);

    /// <summary>As the CUDA driver reads its variable: entries count up to the first that names no card.</summary>
    /// <param name="visible">Numbers or identifiers (GPU-..., MIG-...), separated by commas; null shows all.</param>
    /// <param name="cards">In the machine.</param>
    public static int Count(string? visible, int cards) => visible is null
        ? cards
        : Math.Min(cards, visible.Split(',', StringSplitOptions.TrimEntries).TakeWhile(entry => Names(entry, cards)).Distinct().Count());

    private static bool Names(string entry, int cards) => int.TryParse(entry, out int number)
        ? number >= 0 && number < cards
        : entry.StartsWith("GPU-", StringComparison.Ordinal) || entry.StartsWith("MIG-", StringComparison.Ordinal);
}
