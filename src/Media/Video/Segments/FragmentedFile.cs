using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Video.Segments;

/// <summary>
/// Reads pieces of a fragmented mp4 without decoding it, such as a <see cref="VideoWriter"/> writes with
/// <see cref="VideoWriterOptions.CutFrames"/>.
/// </summary>
public sealed class FragmentedFile : IDisposable
{
    private const int HeadLength = 8, LargestIndex = 1 << 20;

    private readonly FileStream file;
    private readonly byte[] header;
    private readonly List<(int First, long Start, long End)> fragments;

    private FragmentedFile(FileStream file, byte[] header, List<(int First, long Start, long End)> fragments, int frames) =>
        (this.file, this.header, this.fragments, Frames) = (file, header, fragments, frames);

    public int Frames { get; }

    /// <summary>Opens a file; null if it is no fragmented mp4 with pictures.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FragmentedFile? Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        try
        {
            var (header, fragments, frames) = ReadIndex(file);
            if (frames > 0) return new FragmentedFile(file, header, fragments, frames);
        }
        catch (Exception broken) when (broken is InvalidDataException or ArgumentOutOfRangeException)
        {
            // The decoder of the file reports the fault.
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null;
    }

    /// <summary>
    /// Returns the longest piece that begins at a frame, ends at <paramref name="end"/> or before, and has at most <paramref name="most"/>
    /// frames; null if no fragment begins at that frame or none ends in time.
    /// </summary>
    public EncodedPiece? Read(int first, int end, int most)
    {
        int from = fragments.FindIndex(fragment => fragment.First == first), to = from;
        while (from >= 0 && to < fragments.Count && EndOf(to) <= Math.Min(end, first + most)) to++;
        if (to <= from) return null;
        byte[] mp4 = new byte[header.Length + fragments[to - 1].End - fragments[from].Start];
        header.CopyTo(mp4, 0);
        file.Position = fragments[from].Start;
        file.ReadExactly(mp4, header.Length, mp4.Length - header.Length);
        return new EncodedPiece(first, EndOf(to - 1) - first, mp4);
    }

    public void Dispose() => file.Dispose();

    private int EndOf(int fragment) => fragment + 1 < fragments.Count ? fragments[fragment + 1].First : Frames;

    /// <summary>Reads the header and finds the fragments, which are a <c>moof</c> and an <c>mdat</c> each.</summary>
    private static (byte[] Header, List<(int First, long Start, long End)> Fragments, int Frames) ReadIndex(FileStream file)
    {
        using var header = new MemoryStream();
        var fragments = new List<(int First, long Start, long End)>();
        int frames = 0;
        byte[] head = new byte[HeadLength];
        for (long at = 0, size; at < file.Length; at += size)
        {
            file.Position = at;
            if (file.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false) < HeadLength) throw new InvalidDataException("cut");
            size = BinaryPrimitives.ReadUInt32BigEndian(head);
            string type = Encoding.ASCII.GetString(head, 4, 4);
            if (size < HeadLength || size > file.Length - at) throw new InvalidDataException($"a box of {size} bytes");
            if (type == "mdat" && fragments.Count > 0) fragments[^1] = fragments[^1] with { End = at + size };
            if (type is not ("ftyp" or "moov" or "moof")) continue;
            if (size > LargestIndex) throw new InvalidDataException($"a box {type} of {size} bytes");
            byte[] box = new byte[size];
            file.Position = at;
            file.ReadExactly(box);
            if (type == "moof")
            {
                fragments.Add((frames, at, at + size));
                frames += FragmentBoxes.VideoFrames(box);
            }
            else
            {
                header.Write(box);
            }
        }
        return (header.ToArray(), fragments, frames);
    }
}
