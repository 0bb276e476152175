using System.Buffers.Binary;
using System.Text.Json;
using Locutor.Files;

namespace Locutor.Models.Store;

/// <summary>
/// Records which bytes of an incomplete download are on disk: a line of JSON (size, ETag), then 16 bytes per range (first, end). A range is
/// recorded after its bytes are written, so the journal is correct even if the process is killed; an incomplete record at the end is
/// ignored.
/// </summary>
internal sealed class DownloadJournal : IDisposable
{
    private const int RecordLength = 16;
    private readonly FileStream stream;
    private readonly byte[] record = new byte[RecordLength];

    private DownloadJournal(FileStream stream) => this.stream = stream;

    private sealed record Heading(long Size, string? ETag);

    /// <summary>Opens the journal of a file or creates a new one; a journal for other content is discarded.</summary>
    public static (DownloadJournal Journal, Extents Done) Open(string path, long size, string? etag, bool partExists)
    {
        var heading = new Heading(size, etag);
        var done = partExists ? Read(path, heading) : new Extents();
        byte[] bytes = new byte[RecordLength];
        AtomicFile.Write(
            path,
            [
                .. JsonSerializer.SerializeToUtf8Bytes(heading), (byte)'\n',
                .. done.Ranges.SelectMany(range => Record(bytes, range.First, range.End))
            ]);
        return (new DownloadJournal(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1)), done);
    }

    /// <summary>Returns the number of bytes that a journal records, without a check of which file it belongs to.</summary>
    public static long Peek(string path)
    {
        if (!File.Exists(path)) return 0;
        byte[] bytes = File.ReadAllBytes(path);
        int line = Array.IndexOf(bytes, (byte)'\n');
        return line < 0 ? 0 : Records(bytes.AsSpan(line + 1), long.MaxValue).Total;
    }

    public void Add(long first, long end)
    {
        stream.Write(Record(record, first, end));
        stream.Flush();
    }

    public void Dispose() => stream.Dispose();

    private static Extents Read(string path, Heading expected)
    {
        var nothing = new Extents();
        if (!File.Exists(path) || new FileInfo(path).Length > 1L << 30) return nothing;
        byte[] bytes = File.ReadAllBytes(path);
        int line = Array.IndexOf(bytes, (byte)'\n');
        try
        {
            if (line < 0 || JsonSerializer.Deserialize<Heading>(bytes.AsSpan(0, line)) != expected) return nothing;
        }
        catch (JsonException)
        {
            return nothing;
        }
        return Records(bytes.AsSpan(line + 1), expected.Size);
    }

    private static Extents Records(ReadOnlySpan<byte> bytes, long size)
    {
        var done = new Extents();
        for (; bytes.Length >= RecordLength; bytes = bytes[RecordLength..])
        {
            long first = BinaryPrimitives.ReadInt64LittleEndian(bytes), end = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
            if (first >= 0 && first < end && end <= size) done.Add(first, end);
        }
        return done;
    }

    private static byte[] Record(byte[] bytes, long first, long end)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, first);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), end);
        return bytes;
    }
}
