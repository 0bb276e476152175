namespace Locutor.Networks.Residency;

/// <summary>
/// Divides the blocks of a network between device and host. Blocks that are not resident are copied to the device when they are needed
/// (offload).
/// </summary>
/// <param name="Resident">Number of blocks that stay on the device; with all of them, no slots are needed.</param>
/// <param name="Slots">Places on the device for the other blocks; with 2 or more, copies overlap with computing.</param>
public sealed record BlockResidency(int Resident, int Slots = 2)
{
    /// <summary>Keeps every block on the device.</summary>
    public static BlockResidency All { get; } = new(int.MaxValue);

    /// <summary>Chooses as many resident blocks as a memory budget allows.</summary>
    /// <param name="budget">Bytes of the device that may be used.</param>
    /// <param name="others">Bytes of it that activations and other networks need.</param>
    /// <param name="block">Bytes of a block.</param>
    /// <param name="blocks">Number of blocks.</param>
    public static BlockResidency Within(long budget, long others, long block, int blocks)
    {
        long fit = Math.Max(0, budget - others) / Math.Max(1, block);
        return fit >= blocks ? All : new BlockResidency((int)Math.Max(0, fit - 2), 2);
    }
}
