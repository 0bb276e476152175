using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Locutor.Checkpoints.Files;

namespace Locutor.Checkpoints.Pickle;

/// <summary>
/// A file of torch.save (.pth, .pt, .bin): a zip archive, or the older sequence of pickles. Only tensors are rebuilt; see
/// <see cref="TorchGlobals"/>. Contiguous tensors point into the mapped file; others are copied into row-major order when the file is
/// opened.
/// </summary>
public sealed unsafe class TorchFile : Checkpoint
{
    private const int LongestPickle = 64 << 20;
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356");
    private readonly MappedFile file;
    private readonly Dictionary<string, CheckpointTensor> tensors = new(StringComparer.Ordinal);
    private readonly List<nint> copies = [];
    private long copied;

    private TorchFile(string path)
    {
        file = new MappedFile(path);
        try
        {
            bool zip = file.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(file.Slice(0, 4, "the signature")) == 0x04034b50;
            Format = zip ? "PyTorch zip" : "PyTorch pickle";
            var (root, storages) = zip ? ReadZip() : ReadLegacy();
            foreach (var (name, tensor) in StateDictionary.Choose(path, root)) tensors.Add(name, Place(name, tensor, storages));
        }
        catch
        {
            Dispose(true);
            throw;
        }
    }

    public override string Source => file.Path;

    public override string Format { get; }

    public override IReadOnlyList<string> Files => [file.Path];

    public override long FileBytes => file.Length;

    public override void Forget(CheckpointTensor tensor) => file.Forget(tensor.Address, tensor.ByteLength);

    public override IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    /// <summary>Opens a file of torch.save. No Python code in it is run.</summary>
    /// <exception cref="CheckpointException">The file is broken, or the pickle needs more than tensors; the message names the refused
    /// global.</exception>
    public static TorchFile Open(string path) => new(path);

    private (object? Root, Func<TorchStorage, (long Offset, long Length)> Storages) ReadZip()
    {
        var zip = new ZipDirectory(file);
        string[] pickles = [.. zip.Names.Where(n => n == "data.pkl" || n.EndsWith("/data.pkl", StringComparison.Ordinal)).Take(2)];
        if (pickles.Length != 1) throw Broken($"expected one data.pkl in the archive, found {pickles.Length}");
        string folder = pickles[0][..^"data.pkl".Length];
        if (zip.Find(folder + "byteorder") is { } order
            && Encoding.ASCII.GetString(file.Slice(order.Offset, Math.Min(order.Length, 16), "byteorder")) is var found
            && found != "little")
        {
            throw Broken($"expected byteorder little, found {found}");
        }

        var pickle = zip.Find(pickles[0])!;
        if (pickle.Length > LongestPickle) throw Broken($"{pickle.Name}: expected at most {LongestPickle} bytes, found {pickle.Length}");
        object? root = new Unpickler(file.Path, file.Address + (nint)pickle.Offset, (int)pickle.Length).Read();
        return (root, storage => zip.Find($"{folder}data/{storage.Key}") is { } entry
            ? (entry.Offset, entry.Length)
            : throw Broken($"storage {storage.Key}: expected an entry {folder}data/{storage.Key}, found none"));
    }

    private (object? Root, Func<TorchStorage, (long Offset, long Length)> Storages) ReadLegacy()
    {
        var pickles = new Unpickler(file.Path, file.Address, (int)Math.Min(file.Length, LongestPickle));
        object? magic = pickles.Read();
        if (magic is not BigInteger number || number != LegacyMagic)
            throw Broken("expected torch.save's magic number in the first pickle, found something else");
        if (pickles.Read() is not 1001L) throw Broken("expected torch.save's protocol 1001 in the second pickle");
        if (pickles.Read() is not PickleDictionary system) throw Broken("expected a dictionary of sizes in the third pickle");
        if (system.Items.Any(i => i is { Key: "little_endian", Value: false }))
            throw Broken("expected little-endian storages, found big-endian");
        object? root = pickles.Read();
        if (pickles.Read() is not List<object?> keys) throw Broken("expected a list of storage keys in the fifth pickle");
        var places = new Dictionary<string, (int Index, long Offset)>(StringComparer.Ordinal);
        var sizes = StateDictionary.Storages(root);
        long offset = pickles.Position;
        foreach (object? item in keys)
        {
            if (item is not string key || !sizes.TryGetValue(key, out var storage))
                throw Broken($"expected the storages of the tensors, found key {item}");
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Slice(offset, 8, $"storage {key}'s length"));
            long size = storage.Type?.Size() ?? 1;
            if (count != storage.Count || count > (file.Length - offset - 8) / size)
            {
                throw Broken(
                    $"storage {key}: expected {storage.Count} elements of {size} bytes, found {count} in {file.Length - offset - 8} bytes");
            }

            if (!places.TryAdd(key, (places.Count, offset + 8))) throw Broken($"storage {key}: expected once, found twice");
            offset += 8 + count * size;
        }
        return (root, storage => places.TryGetValue(storage.Key, out var place)
            ? (place.Offset, storage.Count * (storage.Type?.Size() ?? 1))
            : throw Broken($"storage {storage.Key}: expected its bytes behind the pickles, found none"));
    }

    private CheckpointTensor Place(string name, TorchTensor tensor, Func<TorchStorage, (long Offset, long Length)> storages)
    {
        var (offset, length) = storages(tensor.Storage);
        int size = tensor.Type.Size();
        long needed = Shapes.ByteLength([tensor.Storage.Count], tensor.Storage.Type?.Size() ?? 1) ?? long.MaxValue;
        if (needed > length) throw Broken($"{name}: expected a storage of {needed} bytes, found {length}");
        long bytes = Shapes.ByteLength(tensor.Shape, size)
            ?? throw Broken($"{name}: expected under 2^62 bytes, found shape {Shapes.Text(tensor.Shape)}");
        Int128 last = tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length; i++) last += (Int128)(tensor.Shape[i] - 1) * tensor.Strides[i];
        if (bytes > 0 && (last + 1) * size > length)
        {
            throw Broken(
                $"{name}: {Shapes.Text(tensor.Shape)} with strides {Shapes.Text(tensor.Strides)} needs elements up to {last}, found a " +
                $"storage of {length / size}");
        }

        if (bytes == 0) return new CheckpointTensor(name, tensor.Type, tensor.Shape, file.Address, 0);
        nint start = file.Address + (nint)(offset + tensor.Offset * size);
        return new CheckpointTensor(
            name, tensor.Type, tensor.Shape, IsContiguous(tensor) ? start : Copy(name, tensor, start, bytes), bytes);
    }

    private static bool IsContiguous(TorchTensor tensor)
    {
        long expected = 1;
        for (int i = tensor.Shape.Length - 1; i >= 0; i--)
        {
            if (tensor.Shape[i] != 1 && tensor.Strides[i] != expected) return false;
            expected *= tensor.Shape[i];
        }
        return true;
    }

    /// <summary>
    /// Copies a strided tensor into row-major order. Expanded tensors repeat their storage, so all copies together are limited to the
    /// file's size or 64 MiB, whichever is larger.
    /// </summary>
    private nint Copy(string name, TorchTensor tensor, nint start, long bytes)
    {
        copied += bytes;
        long most = Math.Max(file.Length, 64 << 20);
        if (copied > most) throw Broken($"{name}: expected at most {most} bytes of tensors with strides, found {copied}");
        byte* copy = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        copies.Add((nint)copy);
        int axes = tensor.Shape.Length, size = tensor.Type.Size();
        long inner = tensor.Shape[axes - 1], innerStride = tensor.Strides[axes - 1];
        long[] index = new long[axes];
        for (long done = 0; done < bytes / size; done += inner)
        {
            long row = 0;
            for (int i = 0; i < axes - 1; i++) row += index[i] * tensor.Strides[i];
            for (long i = 0; i < inner; i++)
                Buffer.MemoryCopy((byte*)start + (row + i * innerStride) * size, copy + (done + i) * size, size, size);
            for (int i = axes - 2; i >= 0 && ++index[i] == tensor.Shape[i]; i--) index[i] = 0;
        }
        return (nint)copy;
    }

    private CheckpointException Broken(string what) => new($"{file.Path}: {what}");

    protected override void Dispose(bool disposing)
    {
        foreach (nint copy in copies) NativeMemory.AlignedFree((void*)copy);
        copies.Clear();
        if (disposing) file.Dispose();
    }
}
