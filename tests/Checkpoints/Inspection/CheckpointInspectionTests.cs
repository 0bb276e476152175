using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Inspection;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests.Inspection;

public sealed class CheckpointInspectionTests : TemporaryFolder
{
    [Fact]
    public void Repeated_blocks_are_one_line()
    {
        var outlines = Enumerable.Range(0, 12)
            .SelectMany(
                i => new TensorOutline[]
                {
                    new($"blocks.{i}.attn.q.weight", ElementType.BFloat16, [4, 4]),
                    new($"blocks.{i}.attn.q.bias", ElementType.BFloat16, [4]),
                })
            .Concat(
                [new("blocks.13.attn.q.weight", ElementType.BFloat16, [4, 5]), new("head.weight\u001b[31m", ElementType.Float32, [2, 4])])
            .ToArray();
        using (var writer = new SafetensorsWriter(
            At("m.safetensors"), outlines, new Dictionary<string, string> { ["format"] = "pt", ["long"] = new string('x', 5000) }))
        {
            foreach (var o in outlines) writer.Append(o.Name, new byte[o.Shape.Aggregate(1L, (a, b) => a * b) * o.Type.Size()]);
            writer.Complete();
        }
        using var file = CheckpointFormats.Open(At("m.safetensors"));

        string[] lines = CheckpointInspection.Render(file).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.ShouldContain($"file      {At("m.safetensors")}");
        lines.ShouldContain("format    safetensors");
        lines.ShouldContain("tensors   26");
        lines.ShouldContain("elements  268");
        lines.ShouldContain("bytes     552");
        lines.ShouldContain(l => l.StartsWith("  BFloat16           25 tensors", StringComparison.Ordinal));
        lines.ShouldContain("  format = pt");
        lines.ShouldContain($"  long = {new string('x', 200)}... (5000 characters)");
        lines.SkipWhile(l => l != "keys").Skip(1).ShouldBe(
        [
            "  head.weight.[31m  Float32 [2, 4]",
            "  blocks",
            "    0..11.attn.q",
            "      weight  BFloat16 [4, 4]",
            "      bias  BFloat16 [4]",
            "    13.attn.q.weight  BFloat16 [4, 5]",
        ]);
    }
}
