using Locutor.Training.Faces;

namespace Locutor.Training.Data;

/// <summary>
/// Scenes painted by background threads while something else trains. The bank grows to its capacity; after that each new scene
/// replaces one that was <see cref="Take"/>n, so that painting never runs ahead without bound.
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

    /// <param name="first">Number of the first scene.</param>
    /// <param name="capacity">Scenes held at most; each takes frames x height x width x 3 bytes.</param>
    /// <param name="threads">Painters.</param>
    public SceneBank(SceneMaker maker, ScriptOptions options, int first, int capacity, int threads)
    {
        this.maker = maker;
        this.options = options;
        this.capacity = capacity;
        next = first;
        this.threads = [.. Enumerable.Range(0, threads).Select(_ => new Thread(Paint) { IsBackground = true, Name = "painter", Priority = ThreadPriority.BelowNormal })];
        foreach (var thread in this.threads) thread.Start();
    }

    /// <summary>Scenes held.</summary>
    public int Count
    {
        get
        {
            lock (gate) return scenes.Count;
        }
    }

    /// <summary>Number of the scene after the last one begun.</summary>
    public int Next => Volatile.Read(ref next);

    /// <summary>Any of the scenes held, which stays in the bank.</summary>
    public Scene Pick(Random random)
    {
        WaitFor(1);
        lock (gate) return scenes[random.Next(scenes.Count)];
    }

    /// <summary>The scene that was longest not taken; a full bank paints one to replace it.</summary>
    public Scene Take()
    {
        while (true)
        {
            lock (gate)
                if (taken < scenes.Count) return scenes[taken++];
            Pause();
        }
    }

    /// <summary>Scenes that <see cref="Take"/> can give at once.</summary>
    public int Ready
    {
        get
        {
            lock (gate) return scenes.Count - taken;
        }
    }

    /// <summary>Waits until so many scenes are held.</summary>
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
        if (threads.All(t => !t.IsAlive)) throw new InvalidOperationException("no thread paints any more");
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
