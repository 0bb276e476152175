using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Locutor.Files;
using static TorchSharp.torch;

namespace Locutor.Generation.Clips;

/// <summary>A clip that an earlier run has finished.</summary>
/// <param name="Frames">New frames, rows of 8-bit R, G, B.</param>
/// <param name="Clip">The clip without its frames, from which a run continues.</param>
public sealed record StoredClip(IReadOnlyList<byte[]> Frames, GeneratedClip Clip);

/// <summary>
/// Stores the finished clips of an unfinished video in a folder, so that another process can resume it. A clip is written under a temporary
/// name and then renamed. A clip that is incomplete, or that belongs to other inputs or settings, is ignored.
/// </summary>
public sealed class ClipArchive
{
    private const int HeaderBytes = 32 + 7 * sizeof(int);
    private readonly string folder, suffix;
    private readonly byte[] fingerprint;

    /// <summary>Opens the archive of one video.</summary>
    /// <param name="folder">The folder; created when the first clip is saved.</param>
    /// <param name="what">Text that contains everything on which the video depends.</param>
    public ClipArchive(string folder, string what)
        : this(folder, SHA256.HashData(Encoding.UTF8.GetBytes(what)), "") { }

    private ClipArchive(string folder, byte[] fingerprint, string suffix) =>
        (this.folder, this.fingerprint, this.suffix) = (folder, fingerprint, suffix);

    /// <summary>
    /// Returns one archive for each person of the video, for videos whose people are generated separately; the first is this one.
    /// </summary>
    public IReadOnlyList<ClipArchive> ForPeople(int count) =>
        [this, .. Enumerable.Range(2, count - 1).Select(person => new ClipArchive(folder, fingerprint, $"-{person}"))];

    /// <summary>Stores a clip's frames as 8-bit RGB and its motion frames as float32.</summary>
    public async Task SaveAsync(GeneratedClip clip, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        using var written = AtomicFile.Create(PathOf(clip.Clip.Index));
        using (var file = written.Open())
        {
            int[] numbers =
            [
                clip.Clip.Index, clip.Clip.Start, clip.Clip.Overlap, clip.Clip.Keep, (int)clip.Video.shape[2], (int)clip.Video.shape[3],
                (int)clip.Motion.shape[1]
            ];
            await file.WriteAsync(fingerprint, cancellationToken).ConfigureAwait(false);
            await file.WriteAsync(MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray(), cancellationToken).ConfigureAwait(false);
            using var packed = new ZLibStream(file, CompressionLevel.Fastest);
            foreach (byte[] frame in clip.Frames()) await packed.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
            await packed.WriteAsync(Bytes(clip.Motion), cancellationToken).ConfigureAwait(false);
        }

        written.Commit();
    }

    /// <summary>Reads the stored clips in order, up to the first one that is missing, incomplete or belongs to another video.</summary>
    /// <returns>The clips; the caller disposes each of them. The run continues after the last one.</returns>
    public async IAsyncEnumerable<StoredClip> ReadAsync(
        ClipPlan plan, int height, int width, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var clips in ReadAsync([this], plan, height, width, cancellationToken).ConfigureAwait(false)) yield return clips[0];
    }

    /// <summary>Reads the stored clips of all people in order, up to the first one that is missing for any of them.</summary>
    /// <param name="archives">The archive of each person.</param>
    /// <returns>
    /// For every clip of the video, the clips of all people; the caller disposes them. The run continues after the last one.
    /// </returns>
    public static async IAsyncEnumerable<IReadOnlyList<StoredClip>> ReadAsync(
        IReadOnlyList<ClipArchive> archives, ClipPlan plan, int height, int width,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int index = 0; index < plan.Count - 1; index++)
        {
            var clips = new List<StoredClip>();
            foreach (var archive in archives)
            {
                var stored = await archive.ReadAsync(plan.At(index), height, width, plan.MotionFrames, cancellationToken)
                    .ConfigureAwait(false);
                if (stored is not var (frames, motion)) break;
                clips.Add(new StoredClip(frames, new GeneratedClip(plan.At(index), zeros(3, 0, height, width), motion)));
            }
            if (clips.Count < archives.Count)
            {
                foreach (var clip in clips) clip.Clip.Dispose();
                break;
            }
            yield return clips;
        }
    }

    private async Task<(List<byte[]> Frames, Tensor Motion)?> ReadAsync(
        Clip clip, int height, int width, int motionFrames, CancellationToken cancellationToken)
    {
        if (!File.Exists(PathOf(clip.Index))) return null;
        try
        {
            using var file = File.OpenRead(PathOf(clip.Index));
            byte[] header = new byte[HeaderBytes];
            await file.ReadExactlyAsync(header, cancellationToken).ConfigureAwait(false);
            int[] numbers = MemoryMarshal.Cast<byte, int>(header.AsSpan(32)).ToArray();
            if (!header.AsSpan(0, 32).SequenceEqual(fingerprint)) return null;
            if (!numbers.SequenceEqual([clip.Index, clip.Start, clip.Overlap, clip.Keep, height, width, numbers[6]])
                || numbers[6] > motionFrames)
            {
                return null;
            }

            using var packed = new ZLibStream(file, CompressionMode.Decompress);
            var frames = new List<byte[]>(clip.Keep);
            for (int frame = 0; frame < clip.Keep; frame++)
                frames.Add(await ExactlyAsync(packed, 3 * height * width, cancellationToken).ConfigureAwait(false));
            byte[] motion = await ExactlyAsync(packed, 3 * numbers[6] * height * width * sizeof(float), cancellationToken)
                .ConfigureAwait(false);
            return (frames, tensor(MemoryMarshal.Cast<byte, float>(motion).ToArray(), [3, numbers[6], height, width]));
        }
        catch (Exception torn) when (torn is InvalidDataException or EndOfStreamException)
        {
            return null;
        }
    }

    private static async Task<byte[]> ExactlyAsync(Stream stream, int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    private static byte[] Bytes(Tensor tensor)
    {
        using var plain = tensor.contiguous();
        return plain.bytes.ToArray();
    }

    private string PathOf(int index) => Path.Combine(folder, $"clip-{index:D5}{suffix}");
}
