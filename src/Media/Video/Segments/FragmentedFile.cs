using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Video.Segments;

/// <summary>
/// Reads pieces of a fragmented mp4 without decoding it, such as a <see cref="VideoWriter"/> writes with
/// <see cref="VideoWriterOptions.CutFrames"/>. The file may still grow.
/// </summary>
public sealed class FragmentedFile : IDisposable
{
    private const int HeadLength = 8, LargestIndex = 1 << 20;

    private readonly FileStream file;
    private readonly MemoryStream header = new();
    private readonly List<(int First, long Start, long End)> fragments = []; // a moof and an mdat each
    private long scanned; // the end of the last complete box
    private (long Start, int Frames)? open; // the last moof, until its mdat is complete

    private FragmentedFile(FileStream file) => this.file = file;

    /// <summary>Number of frames in complete fragments.</summary>
    public int Frames { get; private set; }

    /// <summary>Opens a finished file; null if it is no fragmented mp4 with pictures.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FragmentedFile? Open(string path)
    {
        var file = Follow(path);
        try
        {
            if (file.TryRefresh() && file.Frames > 0 && file.scanned == file.file.Length) return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null; // The decoder of the file reports the fault.
    }

    /// <summary>Opens a file that grows. It has no frames before the first <see cref="TryRefresh"/>.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FragmentedFile Follow(string path) =>
        new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));

    /// <summary>Finds the fragments that have been completed since the last call.</summary>
    /// <returns>False if the file is no fragmented mp4.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public bool TryRefresh()
    {
        try
        {
            while (ReadBox())
            {
            }
            return true;
        }
        catch (Exception broken) when (broken is InvalidDataException or ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    /// <summary>
    /// Returns the longest piece that begins at a frame, ends at <paramref name="end"/> or before, and has at most <paramref name="most"/>
    /// frames; null if no fragment begins at that frame or none ends in time.
    /// </summary>
    public EncodedPiece? Read(int first, int end, int most)
    {
        int from = fragments.FindIndex(fragment => fragment.First == first), to = from;
        while (from >= 0 && to < fragments.Count && EndOf(to) <= Math.Min(end, first + most)) to++;
        return to <= from ? null : Piece(from, to);
    }

    /// <summary>
    /// Returns the single fragment that begins at a frame; null if there is none or it does not end at <paramref name="end"/> or before.
    /// </summary>
    public EncodedPiece? ReadFragment(int first, int end)
    {
        int found = fragments.FindIndex(fragment => fragment.First == first);
        return found >= 0 && EndOf(found) <= end ? Piece(found, found + 1) : null;
    }

    public void Dispose() => file.Dispose();

    private int EndOf(int fragment) => fragment + 1 < fragments.Count ? fragments[fragment + 1].First : Frames;

    private EncodedPiece Piece(int from, int to)
    {
        byte[] mp4 = new byte[header.Length + fragments[to - 1].End - fragments[from].Start];
        header.ToArray().CopyTo(mp4, 0);
        file.Position = fragments[from].Start;
        file.ReadExactly(mp4, (int)header.Length, mp4.Length - (int)header.Length);
        return new EncodedPiece(fragments[from].First, EndOf(to - 1) - fragments[from].First, mp4);
    }

    /// <summary>Reads the next box; false if it is not complete.</summary>
    private bool ReadBox()
    {
        byte[] head = new byte[HeadLength];
        file.Position = scanned;
        if (file.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false) < HeadLength) return false;
        long size = BinaryPrimitives.ReadUInt32BigEndian(head);
        string type = Encoding.ASCII.GetString(head, 4, 4);
        if (size < HeadLength) throw new InvalidDataException($"a box of {size} bytes");
        if (size > file.Length - scanned) return false;
        if (type is "ftyp" or "moov") header.Write(ReadWhole(type, size));
        if (type == "moof") open = (scanned, FragmentBoxes.VideoFrames(ReadWhole(type, size)));
        scanned += size;
        if (type == "mdat" && open is { } begun)
        {
            fragments.Add((Frames, begun.Start, scanned));
            Frames += begun.Frames;
            open = null;
        }
        return true;
    }

    private byte[] ReadWhole(string type, long size)
    {
        if (size > LargestIndex) throw new InvalidDataException($"a box {type} of {size} bytes");
        byte[] box = new byte[size];
        file.Position = scanned;
        file.ReadExactly(box);
        return box;
    }
}
