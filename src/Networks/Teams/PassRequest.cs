using Locutor.Kernels;
using Locutor.Networks.VideoTransformer;

namespace Locutor.Networks.Teams;

/// <summary>A pass that a step needs.</summary>
/// <param name="Conditioning">Keys and values on the first device.</param>
/// <param name="Residual">Keeps or replaces the blocks' updates; null: neither.</param>
/// <param name="Tiles">For each device, the tiles that the self attention of each block reads; null: all.</param>
public sealed record PassRequest(
    Conditioning Conditioning, PassResidual? Residual = null, IReadOnlyList<IReadOnlyList<VisitedTiles>>? Tiles = null);

/// <summary>
/// The updates of all blocks in the last run of a pass, on the devices that ran it. A pass that reuses them runs on the same devices.
/// </summary>
public sealed class PassResidual : IDisposable
{
    private readonly SortedDictionary<int, BlockResidual> parts = [];
    private PassPlace place;

    /// <summary>When true, the next pass reuses the updates and does not run the blocks.</summary>
    public bool Reuse { get; set; }

    /// <summary>True until a pass has run the blocks.</summary>
    public bool IsEmpty => parts.Count == 0 || parts.Values.Any(part => part.IsEmpty);

    /// <summary>Returns the devices of the next pass.</summary>
    /// <param name="planned">The devices that run it if nothing is reused.</param>
    public PassPlace Place(PassPlace planned)
    {
        if (Reuse) return place;
        if (place != planned) Clear();
        place = planned;
        for (int device = place.First; device < place.First + place.Count; device++) parts.TryAdd(device, new BlockResidual());
        return place;
    }

    /// <summary>Returns the part of a device.</summary>
    public BlockResidual Part(int device)
    {
        parts[device].Reuse = Reuse;
        return parts[device];
    }

    public void Dispose() => Clear();

    private void Clear()
    {
        foreach (var part in parts.Values) part.Dispose();
        parts.Clear();
    }
}
