namespace Locutor.Jobs.Grains;

/// <summary>
/// The node that started a worker, as part of the worker's id: <c>machine/service/node/number</c>. Such a worker ends with its node. The id of
/// a worker that somebody started on its own names no node.
/// </summary>
public static class NodeOfWorker
{
    /// <summary>The part of the id.</summary>
    public static string Name(SiloAddress node) => node.ToParsableString();

    /// <summary>The node in a worker's id, or null.</summary>
    public static SiloAddress? Find(string? workerId)
    {
        var parts = workerId?.Split('/');
        return parts is [_, _, var node, _] && SiloAddress.TryParse(node, null, out var address) ? address : null;
    }
}
