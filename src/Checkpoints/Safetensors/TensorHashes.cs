using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>Checks the SHA-256 of every tensor that <see cref="ResumableWriter"/> has stored in a file's metadata.</summary>
public static class TensorHashes
{
    /// <summary>Reads every tensor and compares its SHA-256 with the stored one.</summary>
    /// <param name="path">A file that <see cref="ResumableWriter"/> wrote.</param>
    /// <param name="read">Called with the number of bytes read since the last call.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="CheckpointException">The file is broken, a hash is missing, or a tensor has changed; the message names the
    /// tensor.</exception>
    public static void Verify(string path, Action<long>? read, CancellationToken cancellationToken)
    {
        using var file = SafetensorsFile.Open(path);
        var expected = Read(file);
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        foreach (var tensor in file.Tensors.Values.OrderBy(tensor => tensor.Address))
        {
            string found = Compute(handle, file.PlaceOf(tensor), tensor.ByteLength, cancellationToken);
            if (!expected.TryGetValue(tensor.Name, out string? hash))
            {
                throw new CheckpointException(
                    $"{path}: tensor {tensor.Name}: expected a SHA-256 in {ResumableWriter.HashesKey}, found none");
            }

            if (hash != found) throw new CheckpointException($"{path}: tensor {tensor.Name}: expected SHA-256 {hash}, found {found}");
            read?.Invoke(tensor.ByteLength);
        }
    }

    /// <summary>Computes the SHA-256 of a range of a file in pieces of 1 MiB.</summary>
    internal static string Compute(SafeFileHandle handle, long first, long length, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (long done = 0; done < length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done)), first + done);
            if (count == 0) break; // the file has become shorter: the hash will differ
            hash.AppendData(buffer, 0, count);
            done += count;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static Dictionary<string, string> Read(SafetensorsFile file)
    {
        if (!file.Metadata.TryGetValue(ResumableWriter.HashesKey, out string? text))
            throw new CheckpointException($"{file.Source}: expected metadata {ResumableWriter.HashesKey}, found none");
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? [];
        }
        catch (JsonException e)
        {
            throw new CheckpointException(
                $"{file.Source}: {ResumableWriter.HashesKey}: expected tensors and their hashes in JSON, found: {e.Message}", e);
        }
    }
}
