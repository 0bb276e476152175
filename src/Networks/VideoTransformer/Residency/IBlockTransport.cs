namespace Locutor.Networks.VideoTransformer.Residency;

/// <summary>Brings the parameters of blocks into slots of the device's memory.</summary>
internal interface IBlockTransport : IDisposable
{
    /// <summary>Starts to fill a slot; it may still be in use by work that was queued before.</summary>
    void Begin(int slot, int block);

    /// <summary>What is queued from now on sees the slot filled.</summary>
    void Await(int slot);

    /// <summary>All work that reads the slot is queued.</summary>
    void Used(int slot);
}
