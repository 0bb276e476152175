using System.Buffers.Binary;
using Locutor.Checkpoints.Files;
using Locutor.Checkpoints.Pickle;
using Locutor.Checkpoints.Quantised;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Formats;

/// <summary>Detects the format of a checkpoint by its first bytes and opens it.</summary>
public static class CheckpointFormats
{
    /// <summary>File patterns by preference: if a folder matches several, the first pattern is used.</summary>
    private static readonly string[] FolderPatterns = ["*.safetensors.index.json", "*.safetensors", "*.gguf", "*.pth", "*.pt", "*.bin"];

    /// <summary>
    /// Opens a checkpoint of any supported format: safetensors, GGUF, a zip or pickle of torch.save, a <c>*.index.json</c> that names
    /// shards, or a folder that holds one of these. The content decides the format, not the file name. Keys are returned as the file has
    /// them; <see cref="Naming.NetworkCheckpoint"/> maps them to a network's own keys.
    /// </summary>
    /// <exception cref="CheckpointException">The file is missing, broken, hostile or of an unknown format.</exception>
    public static Checkpoint Open(string path)
    {
        if (Directory.Exists(path)) return OpenFolder(path);
        byte[] start = Start(path);
        return start.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..] && ForeignFile.Describe(start) is null
            ? ShardedCheckpoint.Open(path)
            : OpenFile(path);
    }

    /// <summary>Opens a single file of tensors. An index of shards is refused.</summary>
    internal static Checkpoint OpenFile(string path)
    {
        byte[] start = Start(path);
        if (IsSafetensors(start)) return SafetensorsFile.Open(path);
        if (start.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(start) == 0x04034b50) return TorchFile.Open(path);
        if (start.AsSpan().StartsWith("GGUF"u8)) return GgufFile.Open(path);
        if (ForeignFile.Describe(start) is { } foreign) throw new CheckpointException($"{path}: {foreign}");
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return SafetensorsFile.Open(path);
        if (start.Length >= 2 && start[0] == 0x80 && start[1] <= 5) return TorchFile.Open(path);
        throw new CheckpointException(
            $"{path}: expected safetensors, GGUF, torch.save's zip or pickle, or an index of shards, found bytes " +
            $"{Convert.ToHexStringLower(start.AsSpan(0, Math.Min(8, start.Length)))}");
    }

    /// <summary>
    /// Detects the safetensors header: an 8-byte length, then JSON. The low bytes of the length can equal the signature of any other
    /// format.
    /// </summary>
    private static bool IsSafetensors(byte[] start) =>
        start.Length > 8 && start[8] == '{' && BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(4)) == 0;

    private static Checkpoint OpenFolder(string path)
    {
        foreach (string pattern in FolderPatterns)
        {
            string[] found = Directory.GetFiles(path, pattern);
            if (found.Length == 1) return Open(found[0]);
            if (found.Length > 1)
            {
                throw new CheckpointException(
                    $"{path}: expected one {pattern}, found " +
                    $"{string.Join(", ", found.Order(StringComparer.Ordinal).Take(8).Select(Path.GetFileName))}");
            }
        }
        throw new CheckpointException($"{path}: expected a checkpoint in the folder ({string.Join(", ", FolderPatterns)}), found none");
    }

    private static byte[] Start(string path)
    {
        using var file = new MappedFile(path);
        return file.Slice(0, Math.Min(ForeignFile.Looked, file.Length), "the first bytes").ToArray();
    }
}
