namespace Locutor.Jobs.Grains;

/// <summary>
/// The node that started a worker, as part of the worker's id: <c>machine/service/node/number</c>. Such a worker ends with its node. The id
/// of a worker that was started separately contains no node.
/// </summary>
public static class NodeOfWorker
{
    /// <summary>Formats the node as a part of the id of a worker.</summary>
    public static string Name(SiloAddress node) => node.ToParsableString();

    /// <summary>Returns the node in the id of a worker, or null when the id contains none.</summary>
    public static SiloAddress? Find(string? workerId)
    {
        string[]? parts = workerId?.Split('/');
        return parts is [_, _, var node, _] && SiloAddress.TryParse(node, null, out var address) ? address : null;
    }
}
