using System.Diagnostics.CodeAnalysis;

namespace Locutor.Checkpoints;

/// <summary>
/// An open checkpoint of named tensors, in one file or in several files that belong together. Dispose it after the last use of a tensor:
/// its memory is then released.
/// </summary>
public abstract class Checkpoint : IDisposable
{
    /// <summary>The file names, for error messages.</summary>
    public abstract string Source { get; }

    /// <summary>The file format as a text for users, such as <c>GGUF</c>.</summary>
    public abstract string Format { get; }

    /// <summary>All tensors by key.</summary>
    public abstract IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>Free text that the file carries, such as a safetensors <c>__metadata__</c> entry.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Paths of all files.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>The total size of all files, in bytes.</summary>
    public abstract long FileBytes { get; }

    /// <summary>
    /// Releases the memory pages of a tensor. The tensor stays valid: the next access reads the file again. Use it when a pass reads files
    /// that are larger than memory.
    /// </summary>
    public abstract void Forget(CheckpointTensor tensor);

    public bool TryGet(string name, [NotNullWhen(true)] out CheckpointTensor? tensor) => Tensors.TryGetValue(name, out tensor);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
