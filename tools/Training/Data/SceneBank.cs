using Locutor.Training.Faces;

namespace Locutor.Training.Data;

/// <summary>
/// A store of scenes that background threads render during training. It grows to its capacity. After that, each new scene replaces one
/// that was taken with <see cref="Take"/>, so that the number of scenes stays bounded.
/// </summary>
public sealed class SceneBank : IDisposable
{
    private readonly SceneMaker maker;
    private readonly ScriptOptions options;
    private readonly int capacity;
    private readonly List<Scene> scenes = [];
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Thread[] threads;
    private int next;
    private int taken;

    /// <param name="first">The number of the first scene.</param>
    /// <param name="capacity">The largest number of scenes. Each takes frames x height x width x 3 bytes.</param>
    /// <param name="threads">The number of rendering threads.</param>
    public SceneBank(SceneMaker maker, ScriptOptions options, int first, int capacity, int threads)
    {
        this.maker = maker;
        this.options = options;
        this.capacity = capacity;
        next = first;
        this.threads =
        [
            .. Enumerable.Range(0, threads).Select(
                _ => new Thread(Paint) { IsBackground = true, Name = "painter", Priority = ThreadPriority.BelowNormal })
        ];
        foreach (var thread in this.threads) thread.Start();
    }

    /// <summary>The number of scenes in the bank.</summary>
    public int Count
    {
        get
        {
            lock (gate) return scenes.Count;
        }
    }

    /// <summary>The number of the next scene to be rendered.</summary>
    public int Next => Volatile.Read(ref next);

    /// <summary>Returns a random scene, which stays in the bank.</summary>
    public Scene Pick(Random random)
    {
        WaitFor(1);
        lock (gate) return scenes[random.Next(scenes.Count)];
    }

    /// <summary>Takes the oldest scene that was not taken yet. A full bank renders a new scene to replace it.</summary>
    public Scene Take()
    {
        while (true)
        {
            lock (gate)
                if (taken < scenes.Count) return scenes[taken++];
            Pause();
        }
    }

    /// <summary>The number of scenes that <see cref="Take"/> can return without waiting.</summary>
    public int Ready
    {
        get
        {
            lock (gate) return scenes.Count - taken;
        }
    }

    /// <summary>Waits until the bank has the given number of scenes.</summary>
    public void WaitFor(int count)
    {
        while (Count < Math.Min(count, capacity)) Pause();
    }

    public void Dispose()
    {
        stop.Cancel();
        foreach (var thread in threads) thread.Join();
        stop.Dispose();
    }

    private void Pause()
    {
        if (threads.All(t => !t.IsAlive)) throw new InvalidOperationException("all rendering threads have ended");
        Thread.Sleep(2);
    }

    private void Paint()
    {
        using var renderer = new FaceRenderer(options.Size, options.Size);
        while (!stop.IsCancellationRequested)
        {
            bool full;
            lock (gate) full = scenes.Count >= capacity && taken == 0;
            if (full)
            {
                Thread.Sleep(5);
                continue;
            }
            var scene = maker.Make(Interlocked.Increment(ref next) - 1, renderer);
            lock (gate)
            {
                if (scenes.Count >= capacity && taken > 0)
                {
                    scenes.RemoveAt(0);
                    taken--;
                }
                if (scenes.Count < capacity) scenes.Add(scene);
            }
        }
    }
}
