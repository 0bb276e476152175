using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Files;
using Microsoft.Win32.SafeHandles;

namespace Locutor.Checkpoints.Safetensors;

/// <summary>
/// Writes a large safetensors file in such a way that another process can resume it. A journal lists the complete tensors with their
/// SHA-256; a resumed run verifies them before it uses them. The file has the suffix <c>.part</c> until <see cref="Complete"/>; the
/// finished file has the hash of every tensor in its metadata. Only one process may write at a time.
/// </summary>
public sealed class ResumableWriter : IDisposable
{
    /// <summary>Key of the metadata entry with the hashes: a JSON object from tensor name to SHA-256.</summary>
    public const string HashesKey = "tensor_sha256";

    private static readonly string NoHash = new('0', 64);
    private readonly string path;
    private readonly IReadOnlyList<TensorOutline> outlines;
    private readonly IReadOnlyDictionary<string, string> metadata;
    private readonly SafetensorsLayout layout;
    private readonly Dictionary<string, SafetensorsEntry> entries;
    private readonly Dictionary<string, string> hashes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Writing> open = new(StringComparer.Ordinal);
    private readonly SafeFileHandle handle;
    private readonly FileStream journal;

    /// <summary>Creates the file, or opens an unfinished one of the same identity and verifies its complete tensors.</summary>
    /// <param name="path">The file to create or to replace.</param>
    /// <param name="identity">Describes the file's sources on one line. Data written for another identity is discarded.</param>
    /// <param name="outlines">All tensors that will be written.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <param name="checkedBytes">Called with the number of bytes of an earlier run that were read and verified.</param>
    /// <param name="cancellationToken">Cancels the verification.</param>
    /// <exception cref="CheckpointException">A tensor cannot be stored in the format, or the folder is not writable.</exception>
    public ResumableWriter(
        string path, string identity, IReadOnlyList<TensorOutline> outlines, IReadOnlyDictionary<string, string> metadata,
        Action<long>? checkedBytes = null, CancellationToken cancellationToken = default)
    {
        (this.path, this.outlines, this.metadata) = (Path.GetFullPath(path), outlines, metadata);
        layout = Layout(name => NoHash);
        entries = layout.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        try
        {
            handle = File.OpenHandle(PartOf(this.path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                string heading = $"{identity} {Convert.ToHexStringLower(SHA256.HashData(layout.Header))}";
                if (ReadJournal(heading) is { } known) Check(known, checkedBytes, cancellationToken);
                journal = BeginJournal(heading);
                if (RandomAccess.GetLength(handle) != Length) RandomAccess.SetLength(handle, Length);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be written: {FileFault.Describe(e)}", e);
        }
    }

    /// <summary>Size of the finished file in bytes.</summary>
    public long Length => layout.Header.Length + layout.DataLength;

    /// <summary>Total size in bytes of the complete tensors.</summary>
    public long BytesDone => hashes.Keys.Sum(name => entries[name].End - entries[name].Begin);

    public bool IsDone(string name) => hashes.ContainsKey(name);

    /// <summary>Returns the number of bytes that an interrupted run has already written for this file.</summary>
    public static long BytesLeftBy(string path)
    {
        string journal = JournalOf(Path.GetFullPath(path)), part = PartOf(Path.GetFullPath(path));
        return File.Exists(journal) && File.Exists(part)
            ? File.ReadLines(journal).Skip(1).Select(line => line.Split(' '))
                .Sum(words => words.Length > 1 && long.TryParse(words[1], out long bytes) ? bytes : 0)
            : 0;
    }

    /// <summary>Appends bytes to a tensor. After its last byte, the tensor is recorded in the journal as complete.</summary>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        if (!entries.TryGetValue(name, out var entry)) throw Wrong($"tensor {name}: expected one of the {entries.Count} announced tensors");
        if (IsDone(name)) throw Wrong($"tensor {name}: expected no more bytes, it is whole");
        if (!open.TryGetValue(name, out var writing)) open.Add(name, writing = new Writing());
        if (bytes.Length > entry.End - entry.Begin - writing.Bytes)
        {
            throw Wrong(
                $"tensor {name}: expected {entry.End - entry.Begin} bytes for {entry.Type} {Shapes.Text(entry.Shape)}, found " +
                $"{writing.Bytes + bytes.Length} or more");
        }

        RandomAccess.Write(handle, bytes, layout.Header.Length + entry.Begin + writing.Bytes);
        writing.Hash.AppendData(bytes);
        writing.Bytes += bytes.Length;
        if (writing.Bytes == entry.End - entry.Begin) Note(entry, writing);
    }

    /// <summary>Discards the bytes of a tensor, complete or not, so that it can be written again.</summary>
    public void Restart(string name)
    {
        hashes.Remove(name);
        if (open.Remove(name, out var writing)) writing.Hash.Dispose();
    }

    /// <summary>Checks that every tensor is complete, writes the header with the hashes, and renames the file to its final name.</summary>
    public void Complete()
    {
        foreach (var entry in layout.Entries)
        {
            if (!IsDone(entry.Name))
            {
                throw Wrong(
                    $"tensor {entry.Name}: expected {entry.End - entry.Begin} bytes, found " +
                    $"{(open.TryGetValue(entry.Name, out var writing) ? writing.Bytes : 0)}");
            }
        }

        RandomAccess.Write(handle, Layout(name => hashes[name]).Header, 0);
        Dispose();
        AtomicFile.Rename(PartOf(path), path, durable: true);
        File.Delete(JournalOf(path));
    }

    /// <summary>Closes the files. An incomplete file and its journal stay on disk, so that the next run can resume.</summary>
    public void Dispose()
    {
        foreach (var writing in open.Values) writing.Hash.Dispose();
        open.Clear();
        handle.Dispose();
        journal.Dispose();
    }

    private static string PartOf(string path) => path + ".part";

    private static string JournalOf(string path) => path + ".journal";

    private SafetensorsLayout Layout(Func<string, string> hash) => new(path, outlines, new Dictionary<string, string>(metadata)
    {
        [HashesKey] = JsonSerializer.Serialize(
            outlines.OrderBy(o => o.Name, StringComparer.Ordinal).ToDictionary(o => o.Name, o => hash(o.Name))),
    });

    private void Note(SafetensorsEntry entry, Writing writing)
    {
        string hash = Convert.ToHexStringLower(writing.Hash.GetHashAndReset());
        Restart(entry.Name);
        hashes[entry.Name] = hash;
        journal.Write(Encoding.UTF8.GetBytes(Line(entry, hash)));
        journal.Flush();
    }

    private static string Line(SafetensorsEntry entry, string hash) => $"{hash} {entry.End - entry.Begin} {entry.Name}\n";

    /// <summary>Reads the complete tensors from the journal.</summary>
    /// <returns>Hash of each tensor; null if there is no journal or it belongs to another file.</returns>
    private Dictionary<string, string>? ReadJournal(string heading)
    {
        if (!File.Exists(JournalOf(path))) return null;
        string[] lines = File.ReadAllText(JournalOf(path)).Split('\n');
        if (lines[0] != heading) return null;
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in lines.Skip(1).SkipLast(1)) // the text after the last line break is empty or an incomplete line
            if (line.Split(' ', 3) is [var hash, _, var name] && entries.ContainsKey(name)) known[name] = hash;
        return known;
    }

    private void Check(Dictionary<string, string> known, Action<long>? checkedBytes, CancellationToken cancellationToken)
    {
        foreach (var entry in layout.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!known.TryGetValue(entry.Name, out string? hash) || RandomAccess.GetLength(handle) < layout.Header.Length + entry.End)
                continue;
            if (TensorHashes.Compute(handle, layout.Header.Length + entry.Begin, entry.End - entry.Begin, cancellationToken) != hash)
                continue;
            hashes[entry.Name] = hash;
            checkedBytes?.Invoke(entry.End - entry.Begin);
        }
    }

    private FileStream BeginJournal(string heading)
    {
        AtomicFile.Write(
            JournalOf(path),
            Encoding.UTF8.GetBytes(heading + "\n" + string.Concat(hashes.Select(pair => Line(entries[pair.Key], pair.Value)))));
        return new FileStream(JournalOf(path), FileMode.Append, FileAccess.Write, FileShare.Read, 1);
    }

    private CheckpointException Wrong(string what) => new($"{path}: {what}");

    private sealed class Writing
    {
        public IncrementalHash Hash { get; } = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Bytes { get; set; }
    }
}
