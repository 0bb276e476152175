using System.Diagnostics.CodeAnalysis;

namespace Locutor.Checkpoints;

/// <summary>An open file (or several that belong together) of named tensors. Dispose it after the last tensor was used.</summary>
public abstract class Checkpoint : IDisposable
{
    /// <summary>File names, for messages.</summary>
    public abstract string Source { get; }

    /// <summary>What kind of file this is, for people.</summary>
    public abstract string Format { get; }

    /// <summary>Every tensor by its key.</summary>
    public abstract IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>Free text that the file carries, such as a safetensors <c>__metadata__</c> entry.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Paths of all files.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>Bytes of all files together.</summary>
    public abstract long FileBytes { get; }

    /// <summary>
    /// Gives the memory of a tensor's bytes back to the system; reading them again reads the file again. For passes over files that are
    /// larger than memory.
    /// </summary>
    public abstract void Forget(CheckpointTensor tensor);

    public bool TryGet(string name, [NotNullWhen(true)] out CheckpointTensor? tensor) => Tensors.TryGetValue(name, out tensor);

    /// <summary>
    /// Opens a checkpoint of any supported format, told by its content: safetensors, GGUF, torch.save's zip or pickle, a
    /// <c>*.index.json</c> that names shards, or a folder that holds one of these. The tensors are those of the file, key by key; see
    /// <see cref="Quantised.NetworkCheckpoint"/> for what a network wants.
    /// </summary>
    /// <exception cref="CheckpointException">The file is missing, broken, hostile or of an unknown format.</exception>
    public static Checkpoint Open(string path) => CheckpointFormats.Open(path);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
