namespace Locutor.Networks.Tokenizer;

/// <summary>
/// A trie of numbered byte strings. It finds all strings that begin at a position. Nodes are stored in breadth-first order; the children of
/// a node are neighbours, sorted by their byte.
/// </summary>
internal sealed class PieceTrie
{
    private readonly byte[] labels;
    private readonly int[] firstChild; // [nodes + 1]: children of n are firstChild[n] .. firstChild[n + 1]
    private readonly int[] values;
    private readonly int[] rootChild = new int[256];

    /// <param name="pieces">Distinct byte strings, none of them empty.</param>
    public PieceTrie(IReadOnlyList<(byte[] Bytes, int Value)> pieces)
    {
        var sorted = pieces.ToArray();
        Array.Sort(sorted, static (a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes));
        var bytes = new List<byte> { 0 };
        var first = new List<int>();
        var ends = new List<int> { -1 };
        var open = new Queue<(int From, int To, int Depth)>([(0, sorted.Length, 0)]);
        while (open.TryDequeue(out var node))
        {
            first.Add(bytes.Count);
            int from = node.From;
            while (from < node.To && sorted[from].Bytes.Length == node.Depth) from++;
            while (from < node.To)
            {
                byte label = sorted[from].Bytes[node.Depth];
                int to = from + 1;
                while (to < node.To && sorted[to].Bytes[node.Depth] == label) to++;
                bytes.Add(label);
                ends.Add(sorted[from].Bytes.Length == node.Depth + 1 ? sorted[from].Value : -1);
                open.Enqueue((from, to, node.Depth + 1));
                from = to;
            }
        }
        first.Add(bytes.Count);
        (labels, firstChild, values) = ([.. bytes], [.. first], [.. ends]);
        Array.Fill(rootChild, -1);
        for (int child = firstChild[0]; child < firstChild[1]; child++) rootChild[labels[child]] = child;
    }

    /// <summary>Returns the child of a node for the next byte, or -1. The root is 0.</summary>
    public int Step(int node, byte label)
    {
        if (node == 0) return rootChild[label];
        int low = firstChild[node], high = firstChild[node + 1] - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            int order = labels[middle] - label;
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }

    /// <summary>Returns the number of the piece that ends at this node, or -1.</summary>
    public int Value(int node) => values[node];
}
