using System.Globalization;
using System.Text;
using Locutor.Checkpoints.Formats;

namespace Locutor.Checkpoints.Inspection;

/// <summary>Describes a checkpoint as plain text for a terminal: format, sizes, element types, metadata and the tree of keys.</summary>
public static class CheckpointInspection
{
    private const int LongestValue = 200;

    public static string Render(Checkpoint checkpoint)
    {
        var tensors = checkpoint.Tensors.Values;
        var text = new StringBuilder();
        text.AppendLine($"file      {Printable(checkpoint.Source)}");
        text.AppendLine($"format    {checkpoint.Format}");
        text.AppendLine($"tensors   {tensors.Count().ToString("N0", CultureInfo.InvariantCulture)}");
        text.AppendLine($"elements  {tensors.Sum(t => t.ElementCount).ToString("N0", CultureInfo.InvariantCulture)}");
        text.AppendLine($"bytes     {tensors.Sum(t => t.ByteLength).ToString("N0", CultureInfo.InvariantCulture)}");
        text.AppendLine("types");
        foreach (var group in tensors.GroupBy(t => t.Type).OrderByDescending(g => g.Sum(t => t.ByteLength)))
            text.AppendLine($"  {group.Key.Label(),-12} {group.Count(),8:N0} tensors {group.Sum(t => t.ByteLength),20:N0} bytes");
        if (checkpoint is OverlaidCheckpoint overlaid)
        {
            text.AppendLine("layers");
            foreach (var contribution in overlaid.Report) text.AppendLine($"  {Printable(contribution.ToString())}");
        }
        if (checkpoint.Metadata.Count > 0)
        {
            text.AppendLine("metadata");
            foreach (var (key, value) in checkpoint.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                text.AppendLine($"  {Printable(key)} = {Printable(value)}");
        }
        text.AppendLine("keys");
        foreach (string line in KeyTree.Lines(tensors)) text.AppendLine($"  {Printable(line)}");
        return text.ToString();
    }

    /// <summary>Makes untrusted text safe for a terminal: control characters become dots, and long values are cut.</summary>
    private static string Printable(string value)
    {
        string line = string.Create(value.Length, value, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = char.IsControl(source[i]) ? '.' : source[i];
        });
        return line.Length <= LongestValue ? line : $"{line[..LongestValue]}... ({line.Length} characters)";
    }
}
