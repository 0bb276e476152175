using System.Collections.Concurrent;

namespace Locutor.Training.Faces;

/// <summary>A clip: one person in consecutive frames.</summary>
public sealed record FaceClip(Person Person, ReadOnlyMemory<FacePose> Poses);

/// <summary>Renders many clips on all CPU cores.</summary>
public sealed class FaceBatch(int width, int height, int? threads = null) : IDisposable
{
    private readonly ConcurrentBag<FaceRenderer> idle = [];

    public int FrameBytes => width * height * 3;

    /// <summary>Renders all clips into <paramref name="destination"/>, ordered by clip and frame.</summary>
    /// <param name="planar">Whether each frame is [3, height, width]; otherwise it is [height, width, 3].</param>
    /// <exception cref="ArgumentException">The length of the destination is not that of all frames.</exception>
    public void Render(
        IReadOnlyList<FaceClip> clips, Memory<byte> destination, bool planar = false, CancellationToken cancellationToken = default)
    {
        long[] starts = new long[clips.Count + 1];
        for (int i = 0; i < clips.Count; i++) starts[i + 1] = starts[i] + (long)clips[i].Poses.Length * FrameBytes;
        if (starts[^1] != destination.Length)
        {
            throw new ArgumentException(
                $"expected {starts[^1]} bytes for {clips.Count} clips of {width}x{height}, found {destination.Length}",
                nameof(destination));
        }
        var options = new ParallelOptions
        {
            CancellationToken = cancellationToken,
            MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount,
        };
        Parallel.For(0, clips.Count, options, i =>
        {
            if (!idle.TryTake(out var renderer)) renderer = new FaceRenderer(width, height);
            var poses = clips[i].Poses.Span;
            for (int frame = 0; frame < poses.Length; frame++)
            {
                var part = destination.Span.Slice((int)starts[i] + frame * FrameBytes, FrameBytes);
                if (planar) renderer.RenderPlanar(clips[i].Person, poses[frame], part);
                else renderer.Render(clips[i].Person, poses[frame], part);
            }
            idle.Add(renderer);
        });
    }

    public void Dispose()
    {
        while (idle.TryTake(out var renderer)) renderer.Dispose();
    }
}
