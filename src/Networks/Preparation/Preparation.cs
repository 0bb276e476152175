using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Networks.Preparation;

/// <summary>What a prepared file is made of.</summary>
/// <param name="Weights">Every tensor that it will hold, in one of the forms of <see cref="WeightConversion"/>.</param>
/// <param name="Identity">One line that is another when anything that matters is another.</param>
/// <param name="Metadata">For the file's header.</param>
public sealed record PreparationPlan(IReadOnlyList<(CheckpointTensor Stored, WeightConversion Conversion)> Weights, string Identity, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// Writes a prepared file tensor by tensor, in memory that does not grow with it. A run that was stopped in any way, and is run again,
/// goes on after the last tensor that was whole.
/// </summary>
public static class Preparation
{
    /// <param name="plan">What to write.</param>
    /// <param name="from">Where the tensors lie; what was read is given back.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="resumed">Called with bytes that an earlier run has written.</param>
    /// <param name="written">Called with bytes that were written.</param>
    /// <param name="cancellation">Leaves what was written for the next run.</param>
    /// <exception cref="CheckpointException">No room on the disk, or a folder that cannot be written.</exception>
    public static void Write(PreparationPlan plan, Checkpoint from, string path, Action<long> resumed, Action<long> written, CancellationToken cancellation)
    {
        TensorOutline[] outlines = [.. plan.Weights.SelectMany(weight => weight.Conversion.Outlines)];
        CheckRoom(path, outlines);
        using var writer = new ResumableWriter(path, plan.Identity, outlines, plan.Metadata, resumed, cancellation);
        foreach (var (stored, conversion) in plan.Weights)
        {
            cancellation.ThrowIfCancellationRequested();
            if (conversion.Outlines.All(outline => writer.IsDone(outline.Name))) continue;
            foreach (var outline in conversion.Outlines) writer.Restart(outline.Name);
            conversion.Write(
                (name, bytes) =>
                {
                    writer.Append(name, bytes);
                    written(bytes.Length);
                },
                cancellation);
            from.Forget(stored);
        }
        writer.Complete();
    }

    private static void CheckRoom(string path, TensorOutline[] outlines)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        long needed = outlines.Sum(Bytes) - ResumableWriter.BytesLeftBy(path), free = new DriveInfo(folder).AvailableFreeSpace;
        if (needed > free) throw new CheckpointException($"{folder}: expected {needed:N0} bytes of free disk, found {free:N0}");
    }

    /// <summary>Of the tensor in a file.</summary>
    public static long Bytes(TensorOutline outline) => outline.Shape.Aggregate((long)outline.Type.Size(), (product, length) => product * length);
}
