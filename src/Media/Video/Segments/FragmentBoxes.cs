using System.Buffers.Binary;
using System.Text;

namespace Locutor.Media.Video.Segments;

/// <summary>Splits the fragmented mp4 of one segment into its header and its media, and checks which frames it contains.</summary>
internal static class FragmentBoxes
{
    private const int VideoTrack = 1;

    /// <summary>Splits an mp4 that ffmpeg wrote.</summary>
    /// <param name="mp4">The whole file.</param>
    /// <param name="frames">Number of frames that the segment must contain.</param>
    /// <param name="label">The label, which follows <c>ftyp</c>; null for none.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or it contains other frames.</exception>
    public static (byte[] Header, byte[] Media) Split(byte[] mp4, int frames, byte[]? label)
    {
        using var header = new MemoryStream();
        using var media = new MemoryStream();
        int found = 0;
        foreach (var (type, box) in Read(mp4))
        {
            (type is "ftyp" or "moov" ? header : media).Write(mp4, box.Start.Value, box.End.Value - box.Start.Value);
            if (type == "ftyp") header.Write(label);
            if (type == "moof") found += VideoFrames(mp4.AsSpan(box));
        }
        if (header.Length == (label?.Length ?? 0) || found != frames)
            throw new InvalidDataException($"expected a header and {frames} frames, found {found} frames");
        return (header.ToArray(), media.ToArray());
    }

    /// <summary>
    /// Returns whether two mp4 have pictures of one size, coding and time scale, so that the fragments of one can follow those of the
    /// other.
    /// </summary>
    public static bool HaveEqualPictures(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        FirstBox(one, "mdhd"u8) is { Length: > 0 } times && times.SequenceEqual(FirstBox(other, "mdhd"u8))
        && FirstBox(one, "avcC"u8) is { Length: > 0 } coding && coding.SequenceEqual(FirstBox(other, "avcC"u8));

    /// <summary>Returns the first box of a type at any depth, which is that of the first track; empty if there is none.</summary>
    private static ReadOnlySpan<byte> FirstBox(ReadOnlySpan<byte> mp4, ReadOnlySpan<byte> type)
    {
        int start = mp4.IndexOf(type) - 4;
        if (start < 0) return [];
        int size = BinaryPrimitives.ReadInt32BigEndian(mp4[start..]);
        return size >= 8 && size <= mp4.Length - start ? mp4.Slice(start, size) : [];
    }

    /// <summary>Returns the number of samples of the video track in a <c>moof</c> box.</summary>
    public static int VideoFrames(ReadOnlySpan<byte> moof)
    {
        int frames = 0;
        byte[] parts = moof[8..].ToArray();
        foreach (var (type, box) in Read(parts))
        {
            if (type != "traf") continue;
            byte[] track = parts.AsSpan(box)[8..].ToArray();
            var inside = Read(track).ToList();
            var (_, head) = inside.Find(part => part.Type == "tfhd");
            if (BinaryPrimitives.ReadInt32BigEndian(track.AsSpan(head)[12..]) != VideoTrack) continue;
            foreach (var (_, run) in inside.Where(part => part.Type == "trun"))
                frames += BinaryPrimitives.ReadInt32BigEndian(track.AsSpan(run)[12..]);
        }
        return frames;
    }

    private static IEnumerable<(string Type, Range Box)> Read(byte[] boxes)
    {
        for (int at = 0; at < boxes.Length;)
        {
            int left = boxes.Length - at;
            int size = left < 8 ? 0 : BinaryPrimitives.ReadInt32BigEndian(boxes.AsSpan(at));
            if (size < 8 || size > left) throw new InvalidDataException($"a box of {size} bytes at {at} of {boxes.Length}");
            yield return (Encoding.ASCII.GetString(boxes, at + 4, 4), at..(at + size));
            at += size;
        }
    }
}
