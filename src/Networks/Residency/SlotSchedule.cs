namespace Locutor.Networks.Residency;

/// <summary>
/// Assigns blocks to slots. Blocks are used in turn, and repeatedly. After a block was used, its slot is filled with the next block that
/// has none, so that with two or more slots the copy overlaps with computing.
/// </summary>
/// <param name="blocks">Number of blocks, at least <paramref name="slots"/>.</param>
/// <param name="slots">Number of slots.</param>
/// <param name="transport">Copies blocks into slots.</param>
internal sealed class SlotSchedule(int blocks, int slots, IBlockTransport transport)
{
    private readonly int[] holds = [.. Enumerable.Repeat(-1, slots)];

    /// <summary>Number of times a block was used before its copy was started.</summary>
    public int Misses { get; private set; }

    /// <summary>Number of copies that were started.</summary>
    public long Copies { get; private set; }

    /// <summary>Returns the slot of a block; fills it first if the block has none.</summary>
    public int Acquire(int block)
    {
        int slot = Array.IndexOf(holds, block);
        if (slot < 0)
        {
            Misses++;
            slot = 0;
            for (int ahead = 0; ahead < slots; ahead++) Fill(ahead, (block + ahead) % blocks);
        }
        transport.Await(slot);
        return slot;
    }

    /// <summary>Marks a slot as used and prefetches the next block into it.</summary>
    public void Release(int slot, int block)
    {
        transport.Used(slot);
        int next = (block + slots) % blocks;
        if (Array.IndexOf(holds, next) < 0) Fill(slot, next);
    }

    private void Fill(int slot, int block)
    {
        holds[slot] = block;
        Copies++;
        transport.Begin(slot, block);
    }
}
