namespace Locutor.Networks.VideoTransformer.Residency;

/// <summary>
/// Which block stands in which slot. Blocks are asked for one after the other, round and round; as soon as one was used its slot is
/// filled with the block that will be the next not to be there, so that with two slots or more a copy runs beside the work.
/// </summary>
/// <param name="blocks">At least <paramref name="slots"/>.</param>
internal sealed class SlotSchedule(int blocks, int slots, IBlockTransport transport)
{
    private readonly int[] holds = [.. Enumerable.Repeat(-1, slots)];

    /// <summary>Times that a block was not on its way when it was asked for.</summary>
    public int Misses { get; private set; }

    /// <summary>Copies that were begun.</summary>
    public long Copies { get; private set; }

    /// <returns>The slot in which the block stands.</returns>
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
