using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Generation.Preparation;

/// <summary>Content of a prepared file.</summary>
/// <param name="Weights">Every tensor of the file and its conversion.</param>
/// <param name="Identity">Fingerprint of everything that affects the content.</param>
/// <param name="Metadata">Entries of the file header.</param>
internal sealed record PreparationPlan(
    IReadOnlyList<(CheckpointTensor Stored, WeightConversion Conversion)> Weights, string Identity,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// Writes a prepared file tensor by tensor, in constant memory. A run that was interrupted, and is started again, continues after the last
/// complete tensor.
/// </summary>
internal static class PreparedFileWriter
{
    /// <summary>Writes the file.</summary>
    /// <param name="plan">Content of the file.</param>
    /// <param name="from">Checkpoint of the tensors; the memory of each is released after its conversion.</param>
    /// <param name="path">Path of the file.</param>
    /// <param name="resumed">Called with the number of bytes that an earlier run has written.</param>
    /// <param name="written">Called with the number of bytes that were written.</param>
    /// <param name="cancellationToken">Stops the run; the written bytes stay for the next run.</param>
    /// <exception cref="CheckpointException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(
        PreparationPlan plan, Checkpoint from, string path, Action<long> resumed, Action<long> written, CancellationToken cancellationToken)
    {
        TensorOutline[] outlines = [.. plan.Weights.SelectMany(weight => weight.Conversion.Outlines)];
        CheckDiskSpace(path, outlines);
        using var writer = new ResumableWriter(path, plan.Identity, outlines, plan.Metadata, resumed, cancellationToken);
        foreach (var (stored, conversion) in plan.Weights)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (conversion.Outlines.All(outline => writer.IsDone(outline.Name))) continue;
            foreach (var outline in conversion.Outlines) writer.Restart(outline.Name);
            conversion.Write(
                (name, bytes) =>
                {
                    writer.Append(name, bytes);
                    written(bytes.Length);
                },
                cancellationToken);
            from.Forget(stored);
        }
        writer.Complete();
    }

    private static void CheckDiskSpace(string path, TensorOutline[] outlines)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        long needed = outlines.Sum(Bytes) - ResumableWriter.BytesLeftBy(path), free = new DriveInfo(folder).AvailableFreeSpace;
        if (needed > free) throw new CheckpointException($"{folder}: expected {needed:N0} bytes of free disk, found {free:N0}");
    }

    /// <summary>Returns the bytes of a tensor in a file.</summary>
    public static long Bytes(TensorOutline outline) =>
        outline.Shape.Aggregate((long)outline.Type.Size(), (product, length) => product * length);
}
