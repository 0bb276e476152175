using System.Buffers.Binary;
using System.Globalization;
using Locutor.Media.Files;

namespace Locutor.Media.Pcm;

/// <summary>
/// The sound that a header promises. ffmpeg decodes the beginning of a file of an interrupted download without a complaint, so a promise
/// that is not kept is an error here.
/// </summary>
internal static class PromisedSound
{
    /// <summary>Seconds that may be missing, one picture: many programs write sizes that are wrong by a few bytes.</summary>
    private const double Tolerance = 0.04;

    private const int MostChunks = 64, HeadBytes = 8;

    /// <summary>Refuses a WAV (also RF64) or an AIFF file that ends before its samples do.</summary>
    /// <exception cref="MediaException">The file is shorter than its header promises.</exception>
    public static void CheckSize(MediaFile file)
    {
        bool isAiff = file.Container == MediaContainer.Aiff;
        if (!isAiff && file.Container != MediaContainer.Wav) return;
        using var stream = File.OpenRead(file.FullPath);
        var (found, promised) = isAiff ? ReadAiff(stream) : ReadWav(stream);
        CheckSeconds(file, found, promised);
    }

    /// <summary>Refuses a sound that is shorter than promised.</summary>
    public static void CheckSeconds(MediaFile file, double found, double promised)
    {
        if (!(promised - found > Tolerance)) return;
        throw file.Unsupported(string.Create(
            CultureInfo.InvariantCulture, $"the sound ends after {found:0.##} s, and its header promises {promised:0.##} s"));
    }

    /// <returns>Seconds of sound in the file and in its header; 0 and 0 if these are unknown.</returns>
    private static (double Found, double Promised) ReadWav(FileStream stream)
    {
        long? large = null; // the size of the samples in an RF64
        double rate = 0; // bytes in a second
        byte[] content = new byte[16];
        foreach (var (name, size) in Chunks(stream, bigEndian: false))
        {
            if (name == "data")
            {
                long promised = size == uint.MaxValue && large is { } known ? known : size >= WavHeader.UnknownFrom ? 0 : size;
                return Seconds(stream, promised, rate);
            }

            if (name is not ("fmt " or "ds64")) continue;
            if (stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) < content.Length) break;
            if (name == "ds64") large = BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(8));
            else rate = BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(8));
        }

        return (0, 0);
    }

    /// <inheritdoc cref="ReadWav"/>
    private static (double Found, double Promised) ReadAiff(FileStream stream)
    {
        const int Offset = 8; // the fields before the samples
        double seconds = 0;
        byte[] content = new byte[18];
        foreach (var (name, size) in Chunks(stream, bigEndian: true))
        {
            if (name == "SSND")
            {
                stream.Position += Offset;
                long promised = size >= WavHeader.UnknownFrom ? 0 : size - Offset;
                return Seconds(stream, promised, promised / seconds);
            }

            if (name != "COMM") continue;
            if (stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) < content.Length) break;
            // The sample rate is a float of 80 bits.
            int exponent = (BinaryPrimitives.ReadUInt16BigEndian(content.AsSpan(8)) & 0x7FFF) - 16383 - 63;
            seconds = BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(2))
                / Math.ScaleB(BinaryPrimitives.ReadUInt64BigEndian(content.AsSpan(10)), exponent);
        }

        return (0, 0);
    }

    /// <summary>Returns the chunks of a file and stands at the content of each.</summary>
    private static IEnumerable<(string Name, long Size)> Chunks(FileStream stream, bool bigEndian)
    {
        byte[] head = new byte[HeadBytes];
        long next = 12;
        for (int chunk = 0; chunk < MostChunks; chunk++)
        {
            stream.Position = next;
            if (stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false) < HeadBytes) yield break;
            var number = head.AsSpan(4);
            long size = bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(number) : BinaryPrimitives.ReadUInt32LittleEndian(number);
            next = stream.Position + size + size % 2;
            yield return (System.Text.Encoding.ASCII.GetString(head, 0, 4), size);
        }
    }

    /// <summary>Converts the samples from the position of the stream on.</summary>
    private static (double Found, double Promised) Seconds(FileStream stream, long promised, double rate)
    {
        long found = Math.Max(0, stream.Length - stream.Position);
        return promised > 0 && rate > 0 && double.IsFinite(rate) ? (found / rate, promised / rate) : (0, 0);
    }
}
