namespace Locutor.Networks.Residency;

/// <summary>Copies the parameters of blocks into slots on the device.</summary>
internal interface IBlockTransport : IDisposable
{
    /// <summary>Starts to copy a block into a slot. Work that was queued before may still use the slot.</summary>
    void Begin(int slot, int block);

    /// <summary>Makes work that is queued later wait until the slot is filled.</summary>
    void Await(int slot);

    /// <summary>Marks that all work that reads the slot is queued.</summary>
    void Used(int slot);
}
