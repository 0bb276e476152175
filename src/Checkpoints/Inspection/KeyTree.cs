using System.Globalization;

namespace Locutor.Checkpoints.Inspection;

/// <summary>Formats keys as an indented tree. Numbered siblings with equal content share one line, <c>blocks.0..39</c>.</summary>
internal static class KeyTree
{
    private const int Deepest = 32;

    public static IEnumerable<string> Lines(IEnumerable<CheckpointTensor> tensors)
    {
        var root = new Node();
        foreach (var tensor in tensors) root.Add(tensor.Name.Split('.', Deepest), tensor);
        return root.Render("");
    }

    private sealed class Node
    {
        private readonly Dictionary<string, Node> children = new(StringComparer.Ordinal);
        private readonly List<string> order = [];
        private string? leaf;

        public void Add(ReadOnlySpan<string> path, CheckpointTensor tensor)
        {
            if (path.IsEmpty)
            {
                leaf = $"{tensor.Type.Label()} {Shapes.Text(tensor.Shape)}";
                return;
            }
            if (!children.TryGetValue(path[0], out var child))
            {
                children.Add(path[0], child = new Node());
                order.Add(path[0]);
            }
            child.Add(path[1..], tensor);
        }

        public IEnumerable<string> Render(string indent)
        {
            foreach (var (label, node) in Runs())
            {
                string name = label;
                var below = node;
                while (below.leaf is null && below.Runs() is [var only])
                {
                    name += "." + only.Label;
                    below = only.Node;
                }
                yield return below.leaf is null ? $"{indent}{name}" : $"{indent}{name}  {below.leaf}";
                foreach (string line in below.Render(indent + "  ")) yield return line;
            }
        }

        /// <summary>Returns the names in file order, then the numbers; consecutive numbers with equal content are joined.</summary>
        private List<(string Label, Node Node)> Runs()
        {
            var runs = new List<(string Label, Node Node)>();
            foreach (string name in order.Where(n => !IsNumber(n))) runs.Add((name, children[name]));
            long first = 0, last = 0;
            string? signature = null;
            foreach (string name in order.Where(IsNumber).OrderBy(n => long.Parse(n, CultureInfo.InvariantCulture)).ThenBy(n => n.Length))
            {
                long number = long.Parse(name, CultureInfo.InvariantCulture);
                string own = children[name].Signature();
                if (signature == own && number == last + 1)
                {
                    runs[^1] = ($"{first}..{last = number}", runs[^1].Node);
                }
                else
                {
                    runs.Add((name, children[name]));
                    (first, last, signature) = (number, number, own);
                }
            }
            return runs;
        }

        private string Signature() =>
            $"{leaf}({string.Join(",", order.Order(StringComparer.Ordinal).Select(n => n + children[n].Signature()))})";

        private static bool IsNumber(string name) => name.Length is > 0 and <= 9 && name.All(char.IsAsciiDigit);
    }
}
